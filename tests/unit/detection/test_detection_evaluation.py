"""Recall, precision, F, average precision of a detector, worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.detection import evaluation
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.metrics import DETECTION_METRICS


def box(place):
    """A box of 10 x 10 px; places are far apart, halves overlap by a third."""
    return (20.0 * place, 0.0, 20.0 * place + 10, 10.0)


def annotated(**places):
    rows = [(field, *box(place), "x", "expert") for field, all_ in places.items() for place in all_]
    return pd.DataFrame(rows, columns=[column.name for column in BOXES.columns])


def detections(**scored):
    rows = [(field, *box(place), s) for field, all_ in scored.items() for place, s in all_]
    return pd.DataFrame(rows, columns=[column.name for column in DETECTIONS.columns])


def splits(**fields_of):
    rows = [(field, field, split) for split, fields in fields_of.items() for field in fields]
    return pd.DataFrame(rows, columns=["field", "group", "split"])


def value(metrics, split, name):
    chosen = metrics[(metrics["split"] == split) & (metrics["metric"] == name)]
    assert len(chosen) == 1
    return chosen["value"].iloc[0]


# Fields f and g: 5 annotated cells; detections by score 0.9 hit, 0.8 hit, 0.7 miss, 0.6 hit,
# 0.4 miss: 3 of 5 found, 3 of 5 right.
TRUTH = annotated(f=[0, 1, 2], g=[0, 1])
FOUND = detections(f=[(0, 0.9), (7, 0.7), (2, 0.6)], g=[(1, 0.8), (8, 0.4)])


def test_cells_are_counted_over_all_fields_together():
    matched = evaluation.match_fields(FOUND, TRUTH, ["f", "g"], 0.5)
    once = np.ones((1, 2))
    assert matched.scores.tolist() == [0.9, 0.8, 0.7, 0.6, 0.4]
    assert matched.hits.tolist() == [True, True, False, True, False]
    assert evaluation.recall(matched, once) == pytest.approx(3 / 5)
    assert evaluation.precision(matched, once) == pytest.approx(3 / 5)
    assert evaluation.f1(matched, once) == pytest.approx(3 / 5)
    above = matched.above(0.5)
    assert evaluation.recall(above, once) == pytest.approx(3 / 5)
    assert evaluation.precision(above, once) == pytest.approx(3 / 4)
    assert evaluation.f1(above, once) == pytest.approx(2 / 3)


def test_average_precision_takes_the_best_precision_at_any_higher_recall():
    matched = evaluation.match_fields(FOUND, TRUTH, ["f", "g"], 0.5)
    # recall steps of 1/5 at precision 1, 1, and 3/4 (four detections, three right)
    assert evaluation.average_precision(matched, np.ones((1, 2))) == pytest.approx(
        (1 + 1 + 0.75) / 5
    )


def test_average_precision_does_not_depend_on_the_order_of_equal_scores():
    truth = annotated(f=[0])
    for places in ((0, 5), (5, 0)):
        found = detections(f=[(place, 0.5) for place in places])
        matched = evaluation.match_fields(found, truth, ["f"], 0.5)
        assert evaluation.average_precision(matched, np.ones((1, 1))) == pytest.approx(0.5)


def test_a_field_without_detections_still_counts():
    matched = evaluation.match_fields(FOUND, annotated(f=[0], h=[0]), ["f", "h"], 0.5)
    assert evaluation.recall(matched, np.ones((1, 2))) == 0.5


def test_false_alarms_on_a_field_without_cells_count_against_precision_and_in_its_interval():
    table = splits(val=["f", "g", "bare"])
    alarms = detections(bare=[(0, 0.95), (3, 0.65), (5, 0.3)])
    found = pd.concat([FOUND, alarms])
    metrics = evaluation.evaluate(found, TRUTH, table, "a detector", 0.1, seed=0)
    assert value(metrics, "val", "precision@0.5") == pytest.approx(3 / 8)
    assert value(metrics, "val", "recall@0.5") == pytest.approx(3 / 5)
    assert value(metrics, "val", "n_detected") == 8
    low = metrics.loc[metrics["metric"] == "precision@0.5", "ci_low"].iloc[0]
    assert low < 0.1  # without the bare field it would be 3 / 5


def test_a_cell_seen_twice_is_found_once():
    found = detections(f=[(0, 0.9), (0, 0.8)])
    matched = evaluation.match_fields(found, annotated(f=[0]), ["f"], 0.5)
    assert matched.hits.tolist() == [True, False]


def test_an_overlap_of_a_third_is_found_at_0_1_and_not_at_0_5():
    found = detections(f=[(0.25, 0.9)])  # 5 px next to the cell: 50 of 150 px shared
    for min_iou, hit in ((0.5, False), (0.1, True)):
        matched = evaluation.match_fields(found, annotated(f=[0]), ["f"], min_iou)
        assert matched.hits.tolist() == [hit]


def test_the_best_threshold_has_the_best_f_and_lies_between_two_scores():
    matched = evaluation.match_fields(FOUND, TRUTH, ["f", "g"], 0.5)
    # F by number of detections: 2/6, 4/7, 4/8, 6/9, 6/10: best with four, down to 0.6
    assert evaluation.best_threshold(matched, 0.1) == pytest.approx(0.5)
    assert evaluation.f1(matched.above(0.5), np.ones((1, 2))) == pytest.approx(6 / 9)


def test_of_equally_good_thresholds_the_lowest_is_taken():
    # F is 2/3 with one and with four detections
    found = detections(f=[(0, 0.9), (5, 0.8), (6, 0.7), (1, 0.6)])
    matched = evaluation.match_fields(found, annotated(f=[0, 1]), ["f"], 0.5)
    assert evaluation.best_threshold(matched, 0.2) == pytest.approx(0.4)


def test_without_anything_to_choose_by_the_threshold_is_the_lowest_score():
    for truth in (annotated(), annotated(f=[50])):
        matched = evaluation.match_fields(FOUND, truth, ["f"], 0.5)
        assert evaluation.best_threshold(matched, 0.1) == 0.1


def test_the_table_holds_every_metric_of_both_splits(tmp_path):
    metrics = evaluation.evaluate(
        FOUND, TRUTH, splits(val=["f"], test=["g"]), "faster_rcnn resnet18_small", 0.5, seed=3
    )
    storage.write(metrics, tmp_path / "detection.tsv", DETECTION_METRICS)
    read = storage.read(tmp_path / "detection.tsv", DETECTION_METRICS)
    assert set(read["detector"]) == {"faster_rcnn resnet18_small"}
    assert value(read, "val", "recall@0.5") == pytest.approx(2 / 3)
    assert value(read, "val", "precision@0.5") == pytest.approx(2 / 3)
    assert value(read, "test", "recall@0.5") == pytest.approx(1 / 2)
    assert value(read, "test", "precision@0.5") == 1.0  # 0.4 is not above the least score
    assert value(read, "test", "n_detected") == 1
    assert read.loc[read["split"] == "test", "n"].unique().tolist() == [2]
    for iou in ("0.5", "0.1"):
        for name in ("recall", "precision", "f1", "ap"):
            value(read, "test", f"{name}@{iou}")


def test_the_threshold_is_chosen_on_val_and_applied_to_test():
    found = detections(v=[(0, 0.9), (9, 0.3)], t=[(0, 0.8), (9, 0.7), (1, 0.4)])
    truth = annotated(v=[0], t=[0, 1])
    metrics = evaluation.evaluate(found, truth, splits(val=["v"], test=["t"]), "x", 0.1, seed=0)
    assert value(metrics, "val", "score_threshold") == pytest.approx(0.6)
    assert value(metrics, "test", "recall@0.5 at score_threshold") == pytest.approx(1 / 2)
    assert value(metrics, "test", "precision@0.5 at score_threshold") == pytest.approx(1 / 2)
    assert value(metrics, "test", "precision@0.5") == pytest.approx(2 / 3)


def test_intervals_are_over_groups_of_fields():
    truth = annotated(f=[0, 1], g=[0, 1], h=[0, 1], i=[0, 1])
    found = detections(f=[(0, 0.9), (1, 0.9)], g=[(0, 0.9)], h=[(0, 0.9), (1, 0.9)])
    where = splits(val=[], test=["f", "g", "h", "i"])
    for groups, number in (("fghi", 4), ("ffgh", 3), ("ffgg", 2)):
        metrics = evaluation.evaluate(
            found, truth, where.assign(group=list(groups)), "x", 0.1, seed=0
        )
        row = metrics[(metrics["split"] == "test") & (metrics["metric"] == "recall@0.5")].iloc[0]
        assert row["value"] == pytest.approx(5 / 8)
        assert row["n_clusters"] == number
        assert (0 < row["ci_low"] < 5 / 8 < row["ci_high"] < 1) == (number > 2)
        assert ("rests on 2 groups" in row["note"]) == (number == 2)


def test_one_field_gives_no_interval_and_an_empty_split_no_number():
    metrics = evaluation.evaluate(FOUND, TRUTH, splits(val=[], test=["f"]), "x", 0.1, seed=0)
    assert metrics.loc[metrics["split"] == "test", "ci_low"].isna().all()
    assert np.isnan(value(metrics, "val", "recall@0.5"))
    assert value(metrics, "val", "score_threshold") == 0.1
