"""Held-out fields measured by a column of the sample sheet: what counts, and against what."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.classification import evaluation as classification
from cellpheno.classification import subsets
from cellpheno.detection import evaluation as detection
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import SUBSET_METRICS

CLASSES = ["none", "one", "two"]
GROUPS = {"any": ["one", "two"]}

# field, cell line, group, image, split, whether it is annotated
FIELDS = [
    ("learnt", "own", "g1", "c1", "train", True),
    ("tuned", "own", "g2", "c2", "val", True),
    ("t1", "own", "g3", "c3", "test", True),
    ("t2", "own", "g4", "c4", "test", True),
    ("n1", "other", "g5", "c5", "predict", True),
    ("n2", "other", "g6", "c6", "predict", True),
    ("n3", "third", "g7", "c7", "predict", True),
    ("experiment", "own", "g8", "c8", "predict", False),
]


def study(rows=FIELDS):
    """Return the tables quality, splits and annotated fields."""
    columns = ["field", "cell_line", "group", "content", "split", "annotated"]
    frame = pd.DataFrame(rows, columns=columns)
    quality = frame[["field", "cell_line", "group", "content"]].assign(
        condition="any", verdict="ok", split=""
    )
    annotated = frame.loc[frame["annotated"], ["field"]].assign(n_boxes=1, complete=True)
    splits = frame[["field", "group", "split"]].assign(complete=frame["split"] != "predict")
    return quality, splits, annotated


def unseen(rows=FIELDS):
    return subsets.unseen(*study(rows), by="group")


def test_test_fields_and_annotated_fields_of_the_experiment_are_measured():
    assert unseen()["field"].tolist() == ["t1", "t2", "n1", "n2", "n3"]


def test_a_field_that_was_set_aside_is_not_measured():
    quality, splits, annotated = study()
    quality.loc[quality["field"] == "n1", "verdict"] = "over-exposed"
    fields = subsets.unseen(quality, splits, annotated, by="group")
    assert fields["field"].tolist() == ["t1", "t2", "n2", "n3"]


@pytest.mark.parametrize(
    ("group", "content"), [("g1", "new"), ("g2", "new"), ("new", "c1"), ("new", "c2")]
)
def test_a_field_that_shares_a_group_or_an_image_with_the_training_is_not_measured(
    group, content, caplog
):
    rows = [*FIELDS, ("leak", "other", group, content, "predict", True)]
    assert unseen(rows)["field"].tolist() == ["t1", "t2", "n1", "n2", "n3"]
    assert "leak" in caplog.text


def test_subsets_come_in_the_order_of_the_sheet_each_column_by_itself():
    divided = list(subsets.divide(unseen(), ["cell_line", "group"]))
    assert divided[:3] == [
        ("cell_line", "own", ["t1", "t2"]),
        ("cell_line", "other", ["n1", "n2"]),
        ("cell_line", "third", ["n3"]),
    ]
    assert [value for column, value, _ in divided[3:]] == ["g3", "g4", "g5", "g6", "g7"]


def cell_tables(seed=0):
    """Ten annotated cells a field, of which the detector finds most, less sure on n1 and n2."""
    random = np.random.default_rng(seed)
    boxes, detections, cells = [], [], []
    for field, *_ in FIELDS:
        for place in range(10):
            box = (30.0 * place, 0.0, 30.0 * place + 20, 20.0)
            label = CLASSES[place % 3]
            boxes.append((field, *box, label, "expert"))
            score = random.uniform(0.2, 1.0) - 0.3 * field.startswith("n")
            detections.append((field, *box, max(score, 0.05)))
            if score > 0.3:
                chances = random.dirichlet(np.ones(3) + 4 * np.eye(3)[place % 3])
                cells.append((field, *box, CLASSES[int(chances.argmax())], *chances, label))
        detections.append((field, 0.0, 500.0, 20.0, 520.0, 0.6))  # finds nothing
        cells.append((field, 0.0, 500.0, 20.0, 520.0, "none", 1.0, 0.0, 0.0, None))
    origin = ["field", *BOX_COLUMNS]
    probabilities = [f"p_{name}" for name in CLASSES]
    return (
        pd.DataFrame(detections, columns=[*origin, "score"]),
        pd.DataFrame(boxes, columns=[*origin, "label", "annotator"]),
        pd.DataFrame(cells, columns=[*origin, "call", *probabilities, "label"]),
    )


def evaluate(columns=("cell_line",), fields=None):
    fields = unseen() if fields is None else fields
    return subsets.evaluate(fields, columns, *cell_tables(), 0.3, CLASSES, GROUPS, "group")


def row(metrics, subset, metric, name="all"):
    chosen = metrics[
        (metrics["subset"] == subset) & (metrics["metric"] == metric) & (metrics["class"] == name)
    ]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_detection_in_a_subset_is_that_of_its_fields_above_the_score_of_a_cell():
    detections, boxes, _ = cell_tables()
    matched = detection.match_fields(detections, boxes, ["n1", "n2"], 0.5).above(0.3)
    for metric in (detection.recall, detection.precision, detection.f1):
        found = row(evaluate(), "other", f"{metric.__name__}@0.5")
        assert found["value"] == pytest.approx(metric(matched, np.ones((1, 2)))[0])
        assert (found["n_fields"], found["n"]) == (2, 20)
        assert found["n_clusters"] == 2
        assert np.isnan(found["ci_low"])
        assert "rests on 2 groups" in found["note"]


def test_detection_has_the_mean_and_spread_of_single_fields_and_the_number_of_boxes():
    detections, boxes, _ = cell_tables()
    each = [
        detection.recall(
            detection.match_fields(detections, boxes, [field], 0.1).above(0.3), np.ones((1, 1))
        )
        for field in ("n1", "n2")
    ]
    metrics = evaluate()
    assert row(metrics, "other", "recall@0.1 mean of fields")["value"] == pytest.approx(
        np.mean(each)
    )
    assert row(metrics, "other", "recall@0.1 sd of fields")["value"] == pytest.approx(
        np.std(each, ddof=1)
    )
    assert np.isnan(row(metrics, "third", "recall@0.1 sd of fields")["value"])
    found = detections[detections["field"].isin(["n1", "n2"]) & (detections["score"] > 0.3)]
    assert row(metrics, "other", "n_detected")["value"] == len(found)


def test_detection_is_measured_on_the_completely_annotated_fields_of_a_subset():
    quality, splits, annotated = study()
    annotated.loc[annotated["field"] == "n2", "complete"] = False
    splits.loc[splits["field"] == "t2", "complete"] = False
    annotated.loc[annotated["field"] == "t2", "complete"] = False
    metrics = evaluate(fields=subsets.unseen(quality, splits, annotated, by="group"))
    for subset in ("own", "other"):
        found = row(metrics, subset, "recall@0.5")
        assert (found["n_fields"], found["n"]) == (1, 10)
        assert row(metrics, subset, "accuracy")["n_fields"] == 2


def test_classification_in_a_subset_is_that_of_its_detected_annotated_cells():
    cells = cell_tables()[2]
    known = cells[cells["field"].isin(["n1", "n2"]) & cells["label"].notna()]
    positive = known["label"].isin(["one", "two"])
    found = row(evaluate(), "other", "sensitivity", "any")
    assert found["value"] == pytest.approx((known["call"] != "none")[positive].mean())
    assert found["n"] == positive.sum()
    score = (known["p_one"] + known["p_two"]).to_numpy()
    area = classification.auc(positive.to_numpy(), score, np.ones((1, len(known))))[0]
    assert row(evaluate(), "other", "auc", "any")["value"] == pytest.approx(area)
    assert row(evaluate(), "other", "accuracy")["n"] == len(known)


def test_a_single_field_has_values_without_intervals():
    for metric, name in [("recall@0.5", "all"), ("sensitivity", "any")]:
        found = row(evaluate(), "third", metric, name)
        assert np.isfinite(found["value"])
        assert np.isnan(found["ci_low"])
        assert np.isnan(found["ci_high"])


def test_a_subset_of_three_groups_has_intervals():
    fields = unseen([*FIELDS, ("n4", "other", "g9", "c9", "predict", True)])
    tables = [
        pd.concat([table, table[table["field"] == "t1"].assign(field="n4")])
        for table in cell_tables()
    ]
    found = subsets.evaluate(fields, ["cell_line"], *tables, 0.3, CLASSES, GROUPS, "group")
    one = row(found, "other", "recall@0.5")
    assert one["ci_low"] < one["value"] < one["ci_high"]
    assert (one["n_clusters"], one["note"]) == (3, "")


def test_what_else_is_in_the_study_does_not_change_a_subset():
    fields = unseen()
    alone = evaluate(fields=fields[fields["cell_line"] == "other"])
    together = evaluate(("group", "cell_line"))
    same = together[(together["column"] == "cell_line") & (together["subset"] == "other")]
    pd.testing.assert_frame_equal(alone, same.reset_index(drop=True))


def test_a_subset_without_a_detected_annotated_cell_has_its_recall_alone():
    detections, boxes, cells = cell_tables()
    nothing = [table[table["field"] != "n3"] for table in (detections, cells)]
    metrics = subsets.evaluate(
        unseen(), ["cell_line"], nothing[0], boxes, nothing[1], 0.3, CLASSES, GROUPS, "group"
    )
    third = metrics[metrics["subset"] == "third"]
    assert set(third["task"]) == {"detection"}
    assert row(metrics, "third", "recall@0.5")["value"] == 0


@pytest.mark.parametrize("columns", [("cell_line", "group"), ()])
def test_the_metrics_are_a_valid_table(columns, tmp_path):
    storage.write(evaluate(columns), tmp_path / "subsets.tsv", SUBSET_METRICS)
    again = storage.read(tmp_path / "subsets.tsv", SUBSET_METRICS)
    assert len(again) == len(evaluate(columns))


def test_a_study_without_unseen_fields_has_an_empty_table(tmp_path):
    metrics = evaluate(fields=unseen(FIELDS[:2]))
    storage.write(metrics, tmp_path / "subsets.tsv", SUBSET_METRICS)
    assert metrics.empty
