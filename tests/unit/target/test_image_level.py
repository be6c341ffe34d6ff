"""AP50 and F1 of one class in whole images by both conventions, worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.calls.fusion import Settings, fuse, suppress
from cellpheno.measuring.intervals import leave_out
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.target import conventions, evaluation
from cellpheno.target.conventions import PUBLISHED, SOUND


def boxes(*rows):
    """Field, left edge, score of boxes of 10 x 10 px."""
    frame = pd.DataFrame(rows, columns=["field", "x_min", "score"])
    frame = frame.assign(y_min=0.0, x_max=frame["x_min"] + 10, y_max=10.0)
    return frame.astype(dict.fromkeys(BOX_COLUMNS, float))


TRUTH = boxes(("f", 0, 1), ("f", 100, 1), ("g", 0, 1))
# best score first: finds A, finds A again, finds B, nothing, finds C
FOUND = boxes(("f", 0, 0.9), ("f", 1, 0.8), ("f", 100, 0.7), ("g", 50, 0.6), ("g", 0, 0.5))
ONCE = np.ones((1, 2))


def measured(found, truth, convention, threshold=0.0, weights=ONCE, fields=("f", "g")):
    matched = conventions.match(found, truth, list(fields), convention)
    return conventions.measure(matched, weights, convention, threshold)


@pytest.mark.parametrize("convention", [PUBLISHED, SOUND])
def test_average_precision_is_the_area_under_all_points(convention):
    # right are 1, 1, 2, 2, 3 of the first 1, 2, 3, 4, 5 boxes; recall rises at precision 1, 2/3
    # and 3/5, and no precision at a higher recall is better
    value = measured(FOUND, TRUTH, convention)["ap50"][0]
    assert value == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)


def test_the_published_f1_is_the_best_on_the_curve_of_what_is_reported():
    # 2/4, 2/5, 4/6, 4/7, 6/8
    assert measured(FOUND, TRUTH, PUBLISHED, threshold=0.65)["f1"][0] == pytest.approx(6 / 8)


def test_the_sound_f1_is_that_of_the_given_threshold():
    # above 0.65: three boxes, two of three cells
    assert measured(FOUND, TRUTH, SOUND, threshold=0.65)["f1"][0] == pytest.approx(4 / 6)


def test_published_boxes_are_a_pixel_larger():
    # 3.6 px apart: 6.4 / 13.6 = 0.47 half-open, 7.4 / 14.6 = 0.51 with a pixel more
    found, truth = boxes(("f", 3.6, 0.9)), boxes(("f", 0, 1))
    once = np.ones((1, 1))
    assert measured(found, truth, PUBLISHED, weights=once, fields=["f"])["ap50"][0] == 1
    assert measured(found, truth, SOUND, weights=once, fields=["f"])["ap50"][0] == 0


def test_a_published_box_whose_cell_is_taken_is_wrong():
    # the second box overlaps the first cell by 8.5 / 11.5 and the second one by 7.5 / 12.5
    truth = boxes(("f", 0, 1), ("f", 4, 1))
    found = boxes(("f", 0, 0.9), ("f", 1.5, 0.8))
    once = np.ones((1, 1))
    assert measured(found, truth, PUBLISHED, weights=once, fields=["f"])["ap50"][0] == 0.5
    assert measured(found, truth, SOUND, weights=once, fields=["f"])["ap50"][0] == 1


def test_boxes_of_equal_score_enter_one_by_one_as_published_and_together_in_the_sound_way():
    found = boxes(("f", 0, 0.5), ("f", 50, 0.5))
    truth, once = boxes(("f", 0, 1)), np.ones((1, 1))
    assert measured(found, truth, PUBLISHED, weights=once, fields=["f"])["ap50"][0] == 1
    assert measured(found, truth, SOUND, weights=once, fields=["f"])["ap50"][0] == 0.5


def test_an_image_drawn_twice_counts_twice():
    # g alone, twice: 2 wrong, then 2 right of 2
    weights = np.array([[0.0, 2.0]])
    for convention in (PUBLISHED, SOUND):
        assert measured(FOUND, TRUTH, convention, weights=weights)["ap50"][0] == pytest.approx(0.5)
    assert measured(FOUND, TRUTH, PUBLISHED, weights=weights)["f1"][0] == pytest.approx(4 / 6)


def test_without_cells_of_the_class_nothing_is_defined_and_without_boxes_nothing_is_found():
    for convention in (PUBLISHED, SOUND):
        assert np.isnan(measured(FOUND, TRUTH.iloc[:0], convention)["ap50"][0])
        assert np.isnan(measured(FOUND, TRUTH.iloc[:0], convention)["f1"][0])
        assert measured(FOUND.iloc[:0], TRUTH, convention)["ap50"][0] == 0
        assert measured(FOUND.iloc[:0], TRUTH, convention)["f1"][0] == 0


def test_scores_are_fused_and_those_of_unsure_boxes_kept():
    detector, classifier = np.array([0.05, 0.5]), np.array([1.0, 1.0])
    assert fuse(detector, classifier, 0.7).tolist() == pytest.approx([0.715, 0.85])
    assert fuse(detector, classifier, 0.7, keep_below=0.1).tolist() == pytest.approx([0.05, 0.85])


def test_a_box_gives_way_to_a_better_one_of_its_field_alone():
    cells = boxes(("f", 0, 0), ("g", 0, 0), ("f", 1, 0))
    scores = np.array([0.5, 0.4, 0.6])
    assert suppress(cells, scores, 0.5).tolist() == [1, 2]
    assert suppress(cells, scores, None).tolist() == [0, 1, 2]


def judged(split, field, *rows):
    """Left edge, detector's score (None: annotated as cancer), probability of cancer."""
    frame = boxes(*[(field, x, 0) for x, _, _ in rows]).drop(columns="score")
    drawn = [score is None for _, score, _ in rows]
    return frame.assign(
        split=split,
        source=["annotated" if is_drawn else "detected" for is_drawn in drawn],
        detector=[None if is_drawn else "main" for is_drawn in drawn],
        det_score=[1.0 if score is None else score for _, score, _ in rows],
        label=["cancer" if is_drawn else None for is_drawn in drawn],
        p_cancer=[p for _, _, p in rows],
    )


# the detector is surer of the box that is no cancer cell; the classifier knows better
VAL = judged("val", "v", (0, None, 1.0), (0, 0.5, 1.0), (100, 0.9, 0.0))
TEST = judged("test", "t", (0, None, 1.0), (0, 0.5, 1.0), (100, 0.9, 0.0), (200, 0.05, 1.0))


CALLS = Settings(target="cancer")


def test_the_weight_is_learnt_on_val():
    fields = evaluation.scene(VAL, "main", "val", CALLS, ["v"])
    weight, grid = evaluation.learn_weight(fields, CALLS)
    # the cancer cell's score passes the other one's from w > 0.4 / 1.4 = 0.286
    assert weight == pytest.approx(0.3)
    assert grid.set_index("weight")["ap50"].loc[[0.0, 1.0]].tolist() == [0.5, 1.0]
    assert grid.loc[grid["chosen"], "weight"].tolist() == [weight]


def metrics_of(calls, report_on="test", weights=(0, 1, "learnt")):
    task = evaluation.Task(calls, list(weights), report_on)
    runs = {("bf", str(seed)): pd.concat([VAL, TEST], ignore_index=True) for seed in (0, 1)}
    splits = pd.DataFrame({"field": ["v", "t"], "group": ["v", "t"], "split": ["val", "test"]})
    return evaluation.evaluate(runs, {"bf": ["main"]}, splits, task)


def value(metrics, **wanted):
    for column, content in {"convention": SOUND, "seed": "mean", **wanted}.items():
        metrics = metrics[metrics[column] == content]
    assert len(metrics) == 1
    return metrics["value"].iloc[0]


def test_every_weight_is_measured_and_its_gain_over_the_detector_alone():
    metrics, weights, _ = metrics_of(CALLS)
    assert value(metrics, weight="0", metric="ap50") == 0.5
    # at w = 1 the stray third box is as sure as the right one: they enter together
    assert value(metrics, weight="1", metric="ap50") == 0.5
    assert value(metrics, weight="learnt", metric="ap50") == 1
    assert value(metrics, weight="learnt", metric="ap50_gain") == 0.5
    assert "ap50_gain" not in set(metrics.loc[metrics["weight"] == "0", "metric"])
    assert set(weights["seed"]) == {"0", "1"}
    assert (metrics["n"] == 1).all()
    assert (metrics["split"] == "test").all()


def test_the_cut_off_keeps_unsure_boxes_below_even_where_the_classifier_is_sure():
    kept, *_ = metrics_of(Settings(target="cancer", keep_below=0.1))
    assert value(kept, weight="1", metric="ap50") == 1
    # the right box 1.0, the stray one 0.05; on val 1.0 and 0.0: between 0 and 1 lies the threshold
    assert value(kept, weight="1", metric="f1") == 1


def test_what_is_reported_can_be_val_as_in_the_papers_code():
    metrics, *_ = metrics_of(CALLS, report_on="val")
    assert (metrics["split"] == "val").all()
    assert value(metrics, weight="1", metric="ap50") == 1


def test_every_two_weights_are_compared():
    *_, compared = metrics_of(CALLS)
    assert set(compared["among"]) == {"weights of bf, boxes of main"}
    pairs = compared.loc[compared["metric"] == "ap50", ["first", "second", "difference"]]
    assert pairs.to_numpy().tolist() == [
        ["0", "1", 0.0],
        ["0", "learnt", 0.5],
        ["1", "learnt", 0.5],
    ]
    assert compared["note"].str.contains("rests on 1 group").all()
    assert (compared["verdict"] == "undecided").all()


def test_mean_and_deviation_over_seeds():
    rows = evaluation.with_mean({"0": np.array([0.4, 0.3, 0.4]), "1": np.array([0.6, 0.7, 0.6])})
    mean = rows[-1]
    assert (mean["seed"], mean["value"]) == ("mean", pytest.approx(0.5))
    assert mean["sd"] == pytest.approx(0.1414, abs=1e-4)
    assert np.isnan(rows[0]["sd"])
    assert np.isnan(evaluation.with_mean({"0": np.array([0.4])})[-1]["sd"])


def test_the_interval_of_a_mean_is_for_further_trainings_too():
    fields = np.array([0.3, 0.4, 0.5, 0.5, 0.6, 0.7])
    values = (weights := leave_out(np.arange(6))) @ fields / weights.sum(axis=1)
    differ, same = (
        evaluation.with_mean({"0": values - by, "1": values, "2": values + by})[-1]
        for by in (0.1, 0.0)
    )
    assert differ["value"] == same["value"] == 0.5
    assert differ["ci_low"] < same["ci_low"] < 0.5 < same["ci_high"] < differ["ci_high"]
