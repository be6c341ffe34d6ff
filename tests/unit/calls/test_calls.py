import numpy as np
import pandas as pd
import pytest

from cellpheno.calls import calling
from cellpheno.calls.fusion import Settings
from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.detection.score_cutoff import minimum_score
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS, PREDICTIONS
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import DETECTION_METRICS

CLASSES = ["non-CIC", "partial", "one-in-one", "two-in-one", "in turn", "complicated", "unclear"]


def decide(rule, threshold, *probabilities):
    chosen = calling.Rule(rule, threshold, CLASSES, "non-CIC").decide(np.array(probabilities))
    return [CLASSES[index] for index in chosen]


def test_the_papers_example_is_non_cic_though_another_class_is_likelier():
    paper = [0.1, 0.18, 0.12, 0.15, 0.15, 0.13, 0.17]
    assert decide("argmax", 0.2, paper) == ["non-CIC"]
    assert decide("argmax", 0.1, paper) == ["partial"]


def test_the_published_code_never_compares_with_the_probability_of_non_cic():
    cell = [0.6, 0.3, 0.1, 0, 0, 0, 0]
    assert decide("best_positive", 0.2, cell) == ["partial"]
    assert decide("best_positive", 0.3, cell) == ["non-CIC"]  # must be above the threshold
    assert decide("argmax", 0.2, cell) == ["non-CIC"]


def test_the_negative_class_may_stand_anywhere():
    rule = calling.Rule("best_positive", 0.2, ["dead", "alive"], "alive")
    assert rule.decide(np.array([[0.3, 0.7], [0.1, 0.9]])).tolist() == [0, 1]


def test_scores_are_fused_by_the_weight_of_the_classifier():
    detector, classifier = np.array([0.5, 1.0]), np.array([1.0, 0.0])
    assert np.allclose(calling.fuse(detector, classifier, 0.7), [0.85, 0.3])
    assert np.array_equal(calling.fuse(detector, classifier, 1.0), classifier)


def predictions(n=3, seed=0):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"field": ["a"] * (n - 1) + ["b"]})
    for column, value in zip(BOX_COLUMNS, (0.0, 0.0, 10.0, 10.0), strict=True):
        frame[column] = value + 20.0 * np.arange(n)
    frame["det_score"] = np.linspace(0.2, 0.9, n)
    chances = random.dirichlet(np.ones(len(CLASSES)), n)
    frame = frame.assign(**dict(zip(calling.probability_columns(CLASSES), chances.T, strict=True)))
    return frame.assign(feature_row=np.arange(n))


def test_runs_are_read_by_experiment_and_seed_whatever_the_order_of_the_files(tmp_path):
    paths = []
    for seed in (0, 1):
        for shard in ("s1", "s2"):
            path = tmp_path / "main" / f"seed{seed}" / f"{shard}.parquet"
            frame = predictions(seed=seed).assign(field=["a", "a", "b"] if shard == "s1" else "c")
            own = ["a", "b"] if shard == "s1" else ["c", "empty"]
            storage.write(frame, path, PREDICTIONS, own)
            paths.append(path)
    fields = ["a", "b", "c", "empty"]
    runs = calling.read_runs(paths, fields, "qc/fields.tsv")
    assert list(runs) == [("main", "0"), ("main", "1")]
    table = runs["main", "0"]
    assert table["feature_shard"].tolist() == ["s1"] * 3 + ["s2"] * 3
    backwards = calling.read_runs(paths[::-1], fields, "qc/fields.tsv")
    pd.testing.assert_frame_equal(backwards["main", "0"], table)
    with pytest.raises(StudyError, match=r"seed1 lacks 2 of the 4 fields .*first: c"):
        calling.read_runs(paths[:-1], fields, "qc/fields.tsv")


def test_probabilities_are_averaged_over_seeds_of_the_same_boxes():
    one, two = (predictions(seed=s).assign(feature_shard="s") for s in (0, 1))
    mean = calling.average([one, two], CLASSES)
    assert np.allclose(mean["p_in turn"], (one["p_in turn"] + two["p_in turn"]) / 2)
    two.loc[1, "x_max"] += 0.5
    with pytest.raises(StudyError, match="different cells"):
        calling.average([one, two], CLASSES)


def called_cells(min_score=0.0):
    rule = calling.Rule("argmax", 0.2, CLASSES, "non-CIC")
    settings = Settings(classifier_weight=0.5, min_score=min_score)
    return calling.call(predictions(), rule, settings)


def test_a_call_carries_its_probability_and_the_fused_score():
    for _, cell in called_cells().iterrows():
        assert cell["cls_score"] == cell[f"p_{cell['call']}"]
        assert cell["score"] == pytest.approx((cell["cls_score"] + cell["det_score"]) / 2)


def test_cells_that_the_detector_doubts_are_dropped():
    assert called_cells(min_score=0.5)["feature_row"].tolist() == [1, 2]
    empty = called_cells(min_score=1.0)
    assert len(empty) == 0
    assert {"call", "cls_score", "score"} <= set(empty)


@pytest.fixture
def study():
    fields = pd.DataFrame(
        {
            "field": ["a", "b", "set aside"],
            "condition": ["control", "drug", "drug"],
            "replicate": ["1", "2", "2"],
            "group": ["w1", "w2", "w2"],
            "verdict": ["ok", "ok", "overexposed"],
        }
    )
    splits = pd.DataFrame(
        {"field": ["a", "b"], "group": ["w1", "w2"], "split": ["test", "predict"]}
    )
    boxes = pd.DataFrame([("a", 1.0, 0.0, 10.0, 10.0)], columns=["field", *BOX_COLUMNS])
    return fields, splits, boxes.assign(label="in turn", annotator="expert")


def test_cells_get_their_origin_and_the_label_of_the_annotated_cell_they_match(study, tmp_path):
    cells = calling.describe(called_cells(), *study)
    storage.write(cells, tmp_path / "cells.parquet", CELLS)
    assert cells["condition"].tolist() == ["control", "control", "drug"]
    assert cells["split"].tolist() == ["test", "test", "predict"]
    assert cells["label"].isna().tolist() == [False, True, True]
    assert cells["label"][0] == "in turn"


def test_the_order_of_the_predictions_does_not_change_the_cells_table(study):
    cells = called_cells()
    mixed = cells.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(calling.describe(cells, *study), calling.describe(mixed, *study))


def test_cells_of_a_field_without_a_split_are_an_error(study):
    fields, splits, boxes = study
    with pytest.raises(StudyError, match=r"splits.tsv lacks .*first: b"):
        calling.describe(called_cells(), fields, splits.head(1), boxes)


def detection_metrics(tmp_path, **change):
    row = {"detector": "d", "seed": 0, "split": "val", "metric": "score_threshold", "value": 0.42}
    row |= {"ci_low": np.nan, "ci_high": np.nan, "n_clusters": 1, "note": "", "n": 9} | change
    storage.write(pd.DataFrame([row]), tmp_path / "detection.tsv", DETECTION_METRICS)
    return tmp_path / "detection.tsv"


def test_the_lowest_score_is_a_number_or_the_threshold_chosen_on_val(tmp_path):
    assert minimum_score(0.3, []) == 0.3
    assert minimum_score("auto", detection_metrics(tmp_path)) == 0.42
    with pytest.raises(StudyError, match="score_threshold"):
        minimum_score("auto", detection_metrics(tmp_path, split="test"))


@pytest.mark.parametrize(
    ("called", "sentence"),
    [
        ([], "No cell was called"),
        (["dull"] * 3, "All 3 called cells of the study are called dull"),
    ],
)
def test_a_study_without_calls_or_with_one_called_class_is_a_warning(called, sentence):
    before = len(notices.given())
    calling.warn_of_calls(pd.Series(called, dtype="str"), ["dull", "odd"])
    assert [one for one in notices.given()[before:] if sentence in one]


@pytest.mark.parametrize("classes", [["dull", "odd"], ["dull"]])
def test_calls_of_every_class_are_no_warning(classes):
    before = len(notices.given())
    calling.warn_of_calls(pd.Series(classes), classes)
    assert notices.given()[before:] == []
