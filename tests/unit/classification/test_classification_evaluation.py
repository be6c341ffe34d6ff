from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

from cellpheno.classification.evaluation import (
    Scored,
    confusion,
    evaluate,
    measure,
    roc,
    with_intervals,
)
from cellpheno.core.errors import StudyError
from cellpheno.measuring.intervals import leave_out, measured
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import CLASSIFICATION_METRICS, CONFUSION, ROC

CLASSES = ["none", "a", "b"]
GROUPS = {"any": ["a", "b"]}


def scored(n=200, seed=0, skill=2.0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, n)
    logits = random.normal(size=(n, 3))
    logits[np.arange(n), labels] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities = probabilities.round(2)  # with ties
    return Scored(labels, probabilities.argmax(axis=1), probabilities, CLASSES, GROUPS)


def drawn(cells, clusters):
    return measured(partial(measure, cells), leave_out(clusters))


def value(cells, name, metric):
    return measure(cells, np.ones((1, len(cells.labels))))[name, metric][0]


def test_metrics_of_a_class_against_the_rest_are_those_of_scikit_learn():
    cells = scored()
    for name, positive, called, score in cells.against_rest():
        expected = {
            "sensitivity": sklearn_metrics.recall_score(positive, called),
            "specificity": sklearn_metrics.recall_score(~positive, ~called),
            "precision": sklearn_metrics.precision_score(positive, called),
            "f1": sklearn_metrics.f1_score(positive, called),
            "auc": sklearn_metrics.roc_auc_score(positive, score),
        }
        for metric, number in expected.items():
            assert value(cells, name, metric) == pytest.approx(number), (name, metric)


def test_metrics_of_all_classes_are_those_of_scikit_learn():
    cells = scored()
    labels, called = cells.labels, cells.called
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(labels, called),
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(labels, called),
        "macro_f1": sklearn_metrics.f1_score(labels, called, average="macro"),
        "weighted_f1": sklearn_metrics.f1_score(labels, called, average="weighted"),
        "mean_auc": np.mean([value(cells, name, "auc") for name in CLASSES]),
    }
    for metric, number in expected.items():
        assert value(cells, "all", metric) == pytest.approx(number), metric


def test_a_group_is_scored_by_the_sum_of_its_probabilities():
    cells = scored()
    expected = sklearn_metrics.roc_auc_score(cells.labels > 0, 1 - cells.probabilities[:, 0])
    assert value(cells, "any", "auc") == pytest.approx(expected, abs=1e-3)


def test_undefined_metrics_are_missing_and_do_not_spoil_the_means():
    cells = scored()
    few = cells.labels != 2
    cells = Scored(
        cells.labels[few], np.zeros(few.sum(), int), cells.probabilities[few], CLASSES, GROUPS
    )
    for name, metric in [("b", "sensitivity"), ("b", "auc"), ("b", "f1"), ("a", "precision")]:
        assert np.isnan(value(cells, name, metric)), (name, metric)
    assert value(cells, "a", "sensitivity") == 0.0
    assert value(cells, "b", "specificity") == 1.0
    assert value(cells, "all", "balanced_accuracy") == 0.5


def test_an_interval_holds_the_value_and_is_wider_when_cells_of_a_field_are_alike():
    cells = scored(400)
    order = np.argsort(cells.labels == cells.called, kind="stable")
    alike = pd.Series(np.empty(400, dtype=object))
    alike[order] = [f"f{i // 40}" for i in range(400)]
    mixed = pd.Series([f"f{i % 10}" for i in range(400)])
    widths = []
    for fields in (mixed, alike):
        table = with_intervals(cells, drawn(cells, fields))
        row = table[(table["class"] == "all") & (table["metric"] == "accuracy")].iloc[0]
        assert row["ci_low"] <= row["value"] <= row["ci_high"]
        widths.append(row["ci_high"] - row["ci_low"])
    assert widths[1] > 2 * widths[0] > 0


def test_the_number_of_a_class_is_that_of_its_annotated_cells():
    cells = scored()
    table = with_intervals(cells, drawn(cells, ["f"] * 200))
    counts = table.drop_duplicates("class").set_index("class")["n"]
    assert counts["a"] == (cells.labels == 1).sum()
    assert counts["any"] == (cells.labels > 0).sum()
    assert counts["all"] == 200
    assert table["ci_low"].isna().all()


def test_a_roc_curve_has_the_area_that_is_reported():
    cells = scored()
    for name, curve in roc(cells).groupby("class"):
        area = sklearn_metrics.auc(curve["false_positive_rate"], curve["true_positive_rate"])
        assert area == pytest.approx(value(cells, name, "auc"))


def test_confusion_counts_every_pair_of_classes():
    cells = scored()
    table = confusion(cells.labels, cells.called, cells.classes)
    assert len(table) == 9
    assert table["n"].sum() == 200
    row = table[(table["label"] == "a") & (table["call"] == "b")]["n"].item()
    assert row == ((cells.labels == 1) & (cells.called == 2)).sum()


def run(cells):
    columns = {f"p_{c}": cells.probabilities[:, i] for i, c in enumerate(CLASSES)}
    n = len(cells.labels)
    frame = pd.DataFrame({"field": [f"f{i % 8}" for i in range(n)], **columns})
    for column in BOX_COLUMNS:
        frame[column] = np.arange(n, dtype=float)
    return frame.assign(feature_shard="s", feature_row=np.arange(n), det_score=0.9)


@pytest.fixture
def study():
    cells, other = scored(seed=0), scored(seed=0, skill=4.0)
    table = run(cells)
    table["label"] = pd.Series(np.array(CLASSES, dtype=object)[cells.labels], dtype="str")
    table["split"] = np.where(table["field"].isin(["f0", "f1", "f2"]), "val", "test")
    table.loc[5, "label"] = None
    runs = {("main", "0"): run(cells), ("main", "mean"): run(cells), ("other", "mean"): run(other)}
    return cells, table, runs


GROUP_OF = pd.Series([f"slide {n // 2}" for n in range(8)], [f"f{n}" for n in range(8)])


def decide(probabilities):
    return probabilities.argmax(axis=1)


def test_every_run_is_measured_on_val_and_test(study, tmp_path):
    cells, table, runs = study
    result = evaluate(table, runs, CLASSES, GROUPS, decide, GROUP_OF, 0.02)
    storage.write(result.metrics, tmp_path / "m.tsv", CLASSIFICATION_METRICS)
    storage.write(result.roc, tmp_path / "roc.parquet", ROC)
    storage.write(result.confusion, tmp_path / "confusion.tsv", CONFUSION)
    assert set(zip(result.metrics["experiment"], result.metrics["seed"], strict=True)) == set(runs)
    accuracy = result.metrics[result.metrics["metric"] == "accuracy"]
    accuracy = accuracy.set_index(["experiment", "seed", "split"])["value"]
    on_test = (table["split"] == "test") & table["label"].notna()
    expected = (cells.labels == cells.called)[on_test].mean()
    assert accuracy["main", "mean", "test"] == pytest.approx(expected)
    assert accuracy["other", "mean", "test"] > expected
    assert result.confusion["n"].sum() == 199
    # f3 of slide 1, f4 and f5 of slide 2, f6 and f7 of slide 3
    of_all = result.metrics[
        (result.metrics["split"] == "test") & (result.metrics["class"] == "all")
    ]
    assert (of_all["n_clusters"] == 3).all()


def test_two_classifiers_are_compared_on_the_same_test_cells(study):
    _, table, runs = study
    compared = evaluate(table, runs, CLASSES, GROUPS, decide, GROUP_OF, 0.02).compared
    assert set(compared["metric"]) == {"balanced_accuracy", "macro_f1", "mean_auc"}
    for row in compared.to_dict("records"):
        assert (row["first"], row["second"], row["n_clusters"]) == ("main", "other", 3)
        assert row["difference"] == pytest.approx(row["value_second"] - row["value_first"])
        assert row["difference"] > 0


def test_the_order_of_the_cells_does_not_change_the_metrics(study):
    _, table, runs = study
    first = evaluate(table, runs, CLASSES, GROUPS, decide, GROUP_OF, 0.02)
    second = evaluate(table[::-1], runs, CLASSES, GROUPS, decide, GROUP_OF, 0.02)
    pd.testing.assert_frame_equal(first.metrics, second.metrics)


def test_a_study_without_annotated_cells_to_measure_on_is_refused(study):
    _, table, runs = study
    with pytest.raises(StudyError, match="nothing can be evaluated"):
        evaluate(table.assign(split="predict"), runs, CLASSES, GROUPS, decide, GROUP_OF, 0.02)


def test_a_cell_without_a_prediction_is_an_error(study):
    _, table, runs = study
    runs["main", "0"] = runs["main", "0"].head(100)
    with pytest.raises(StudyError, match="no prediction"):
        evaluate(table, runs, CLASSES, GROUPS, decide, GROUP_OF, 0.02)
