"""Overlap, suppression and matching of boxes."""

import numpy as np
import pytest

from cellpheno.core import boxes


def corners(*rows):
    return np.array(rows, dtype=float).reshape(-1, 4)


def test_a_half_open_box_from_0_to_10_has_an_area_of_100():
    assert boxes.area(corners((0, 0, 10, 10))).tolist() == [100.0]


def test_iou_is_the_shared_area_over_the_area_of_both():
    first = corners((0, 0, 10, 10))
    second = corners((0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10), (2, 2, 4, 4))
    # 100/100, 50/150, boxes that only touch, 4/100
    np.testing.assert_allclose(boxes.iou(first, second), [[1.0, 1 / 3, 0.0, 0.04]])


def test_boxes_without_area_overlap_nothing():
    assert boxes.iou(corners((3, 3, 3, 3)), corners((3, 3, 3, 3))).tolist() == [[0.0]]


def test_clipping_keeps_the_part_inside_and_empties_what_is_outside():
    clipped = boxes.clip(corners((-5, 2, 5, 30), (40, 0, 50, 10)), width=20, height=10)
    assert clipped.tolist() == [[0, 2, 5, 10], [20, 0, 20, 10]]
    assert boxes.area(clipped).tolist() == [40.0, 0.0]


def test_suppression_keeps_the_better_of_two_overlapping_boxes():
    found = corners((0, 0, 10, 10), (1, 0, 11, 10), (20, 0, 30, 10))
    assert boxes.nms(found, np.array([0.5, 0.9, 0.1]), max_iou=0.5).tolist() == [1, 2]


def test_suppression_is_by_kept_boxes_only():
    # each overlaps its neighbour by 60/140 > 0.4; the middle one is dropped, so the last stays
    chain = corners((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))
    assert boxes.nms(chain, np.array([0.9, 0.8, 0.7]), max_iou=0.4).tolist() == [0, 2]


def test_suppression_takes_equal_scores_in_the_order_of_the_rows():
    twice = corners((0, 0, 10, 10), (0, 0, 10, 10))
    assert boxes.nms(twice, np.array([0.5, 0.5]), max_iou=0.5).tolist() == [0]


def test_suppression_of_nothing_is_nothing():
    assert boxes.nms(corners(), np.zeros(0), max_iou=0.5).tolist() == []


def test_each_annotated_box_is_found_at_most_once_by_the_best_score():
    truth = corners((0, 0, 10, 10))
    predicted = corners((1, 0, 11, 10), (0, 0, 10, 10))
    matched = boxes.match(predicted, np.array([0.9, 0.8]), truth, min_iou=0.5)
    assert matched.tolist() == [0, -1]


def test_a_prediction_whose_best_box_is_taken_may_have_its_next_best():
    truth = corners((0, 0, 10, 10), (4, 0, 14, 10))
    predicted = corners((0, 0, 10, 10), (1, 0, 11, 10))  # the second overlaps 0.82 and 0.54
    matched = boxes.match(predicted, np.array([0.9, 0.8]), truth, min_iou=0.5)
    assert matched.tolist() == [0, 1]


@pytest.mark.parametrize(("min_iou", "found"), [(0.5, [-1]), (0.1, [0])])
def test_an_overlap_below_the_least_one_finds_nothing(min_iou, found):
    matched = boxes.match(
        corners((5, 0, 15, 10)), np.array([0.9]), corners((0, 0, 10, 10)), min_iou
    )
    assert matched.tolist() == found


def test_matching_against_no_annotation_finds_nothing():
    assert boxes.match(corners((0, 0, 1, 1)), np.ones(1), corners(), 0.5).tolist() == [-1]
    assert boxes.match(corners(), np.zeros(0), corners((0, 0, 1, 1)), 0.5).tolist() == []


def test_of_equal_scores_the_same_box_goes_before_a_neighbour_that_overlaps():
    # patches every 10 px of 40 px; only the second one is annotated, the first overlaps it by 0.6
    patches = np.array([[x, 0, x + 40, 40] for x in (0, 10, 20)], float)
    assert boxes.match(patches, np.ones(3), patches[1:2], 0.5).tolist() == [-1, 0, -1]
