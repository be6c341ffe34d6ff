"""Scores and calls against a stain: metrics, and what their intervals take for independent."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.classification import two_classes
from cellpheno.classification.two_classes import Part
from cellpheno.core.errors import StudyError
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.two_classes import (
    CALIBRATION,
    SCORES,
    TWO_CLASSES,
    TWO_CLASSES_CONFUSION,
    TWO_CLASSES_ROC,
)

ONES = np.ones((1, 6))


@pytest.fixture
def six():
    """Four live and two dead patches of two fields."""
    dim = np.array([True, True, True, True, False, False])
    score = np.array([0.95, 0.92, 0.55, 0.31, 0.35, 0.72])
    return Part(np.array([0, 0, 0, 1, 1, 1]), dim, score > 0.5, score)


def test_metrics_are_those_counted_by_hand(six):
    # live: 3 of 4 called so; dead: 1 of 2
    assert two_classes.balanced_accuracy(six, ONES) == pytest.approx([(3 / 4 + 1 / 2) / 2])
    # |score - truth| by bins 9, 5, 3, 7: |1.87 - 2|, |0.55 - 1|, |0.66 - 1|, |0.72 - 0|, over 6
    expected = (0.13 + 0.45 + 0.34 + 0.72) / 6
    assert two_classes.calibration_error(six, ONES) == pytest.approx([expected])


def test_a_weight_of_two_is_a_patch_that_is_there_twice(six):
    twice = np.array([0, 1, 1, 2, 3, 4, 5, 5])
    longer = Part(six.group[twice], six.dim[twice], six.called[twice], six.score[twice])
    weights = np.array([[1, 2, 1, 1, 1, 2]], float)
    for metric in two_classes.METRICS.values():
        assert metric(six, weights) == pytest.approx(metric(longer, np.ones((1, 8))))


def rows_of(part):
    return {(row["metric"], row["method"]): row for row in two_classes.measure(part)}


def test_the_published_interval_takes_balanced_accuracy_for_a_share_of_patches():
    # 979 and 893 patches, balanced accuracy 0.866 (L22, L29): the paper prints 0.851 to 0.881
    dim = np.repeat([True, False], [979, 893])
    right = np.concatenate([np.arange(n) < round(0.866 * n) for n in (979, 893)])
    called = np.where(right, dim, ~dim)
    part = Part(np.arange(1872) // 60, dim, called, called.astype(float))
    row = rows_of(part)["balanced_accuracy", "binomial over patches"]
    assert [row["ci_low"], row["ci_high"]] == pytest.approx([0.851, 0.881], abs=0.0006)


def test_a_rare_class_makes_the_interval_wider_than_all_patches_together_would():
    dim = np.repeat([True, False], [449, 4271])
    right = np.concatenate([np.arange(n) < round(0.9 * n) for n in (449, 4271)])
    called = np.where(right, dim, ~dim)
    found = rows_of(Part(np.arange(4720) // 60, dim, called, called.astype(float)))
    of_class = found["balanced_accuracy", "binomial per class"]
    together = found["balanced_accuracy", "binomial over patches"]
    # sqrt((0.9 x 0.1 / 449 + 0.9 x 0.1 / 4271) / 4), twice 1.96 times
    wide = 2 * 1.96 * np.sqrt((0.09 / 449 + 0.09 / 4271) / 4)
    assert of_class["ci_high"] - of_class["ci_low"] == pytest.approx(wide, rel=0.01)
    assert together["ci_high"] - together["ci_low"] < 0.65 * wide


def test_patches_that_are_all_alike_in_a_field_count_as_one():
    # 20 fields, each all right or all wrong: the interval over groups knows, the binomial does not
    dim = np.tile([True, False], 400)
    field = np.repeat(np.arange(20), 40)
    called = np.where(field % 4 == 0, ~dim, dim)
    found = rows_of(Part(field, dim, called, called.astype(float)))
    width = {
        method: found["balanced_accuracy", method]["ci_high"]
        - found["balanced_accuracy", method]["ci_low"]
        for method in (two_classes.GROUPS, two_classes.OVER_PATCHES)
    }
    # of 20 fields: 2 x 1.96 x sqrt(0.75 x 0.25 / 20) = 0.38
    assert width[two_classes.GROUPS] == pytest.approx(0.39, abs=0.03)
    assert width[two_classes.OVER_PATCHES] < 0.1


def test_a_single_field_has_no_interval_over_fields(six):
    alone = Part(np.zeros(6, int), six.dim, six.called, six.score)
    assert np.isnan(rows_of(alone)["auc", two_classes.GROUPS]["ci_low"])


def test_the_calibration_curve_leaves_empty_bins_out(six):
    curve = two_classes.calibration(six).set_index("bin_low")
    assert curve.index.tolist() == pytest.approx([0.3, 0.5, 0.7, 0.9])
    assert curve["n"].tolist() == [2, 1, 1, 2]
    assert curve["share"].tolist() == [0.5, 1, 0, 1]
    assert curve["mean_score"].iloc[0] == pytest.approx(0.33)


GROUP_OF = pd.Series({"a": "well 1", "b": "well 2", "c": "well 3"})


def study():
    """Cells of three fields, two of them held out, as two experiments see them."""
    rows = [("a", i, "test", "live" if i % 2 else "dead") for i in range(10)]
    rows += [("b", i, "test", "live" if i % 3 else "dead") for i in range(10)]
    rows += [("c", i, "train", "live") for i in range(3)]
    cells = pd.DataFrame(rows, columns=["field", "x_min", "split", "label"])
    cells["condition"] = cells["field"].map({"a": "untreated", "b": "treated", "c": "treated"})
    cells = cells.assign(x_max=cells["x_min"] + 4, y_min=0.0, y_max=4.0)
    cells.loc[[0, 12], "label"] = None  # between both classes
    key = ["field", *BOX_COLUMNS]
    live = (cells["label"] == "live").to_numpy(float)
    labelled = cells[key].assign(mean=500 - 300 * live)
    runs = {
        "first": cells[key].assign(p_live=0.2 + 0.6 * live),
        "second": cells[key].assign(p_live=0.9),
    }
    return cells, runs, labelled


def test_scores_are_of_held_out_fields_alone_with_their_brightness(tmp_path):
    cells, runs, labelled = study()
    scored = two_classes.scores(cells, runs, labelled, "live")
    storage.write(scored, tmp_path / "scores.parquet", SCORES)
    assert len(scored) == 2 * 20
    assert set(scored["field"]) == {"a", "b"}
    first = scored[(scored["experiment"] == "first") & (scored["field"] == "a")]
    assert first["mean"].tolist() == [500, 200] * 5
    assert scored["label"].isna().sum() == 4


def test_every_experiment_is_measured_on_every_data_set(tmp_path):
    scored = two_classes.scores(*study(), "live")
    found = two_classes.evaluate(
        scored,
        {"first": "untreated", "second": "all"},
        {"all": ["a", "b", "c"], "untreated": ["a"], "treated": ["b", "c"]},
        ("live", "dead"),
        GROUP_OF,
    )
    for table, kind, name in (
        (found.metrics, TWO_CLASSES, "m.tsv"),
        (found.roc, TWO_CLASSES_ROC, "r.parquet"),
        (found.confusion, TWO_CLASSES_CONFUSION, "c.tsv"),
        (found.calibration, CALIBRATION, "k.tsv"),
    ):
        storage.write(table, tmp_path / name, kind)
    value = found.metrics.set_index(["experiment", "tested_on", "metric", "method"])["value"]
    for data in ("all", "untreated", "treated"):
        assert value["first", data, "balanced_accuracy", "over groups"] == 1
        assert value["second", data, "balanced_accuracy", "over groups"] == 0.5
    # of the first 18 labelled patches: 5 + 5 live, 4 + 4 dead; the second calls all of them live
    counts = found.confusion.set_index(["experiment", "tested_on", "label", "call"])["n"]
    assert counts.sort_index()["second", "all"].to_dict() == {
        ("live", "live"): 10,
        ("live", "dead"): 0,
        ("dead", "live"): 8,
        ("dead", "dead"): 0,
    }
    assert set(found.metrics["trained_on"]) == {"untreated", "all"}
    # the discarded ones have a brightness and a score too
    naive = found.metrics[found.metrics["method"] == "patches as independent"]
    first = naive[(naive["experiment"] == "first") & (naive["tested_on"] == "all")]
    assert first.set_index("metric")["n"][["pearson_r", "pearson_r_of_all_patches"]].tolist() == [
        18,
        20,
    ]


def test_test_fields_without_a_label_are_refused():
    cells, runs, labelled = study()
    scored = two_classes.scores(cells.assign(label=None), runs, labelled, "live")
    trained = {"first": "all", "second": "all"}
    with pytest.raises(StudyError, match=r"No patch of the test fields has a label"):
        two_classes.evaluate(scored, trained, {"all": ["a", "b"]}, ("live", "dead"), GROUP_OF)
