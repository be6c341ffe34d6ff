"""Intervals over independent groups."""

import numpy as np
import pytest
from benchmarks import interval_coverage
from scipy import stats

from cellpheno.measuring.intervals import MOST, estimate, estimates, leave_out, spread
from cellpheno.measuring.metrics import auc, share

GROUPS = ["b", "a", "a", "c", "b"]


def mean(values):
    return lambda weights: weights @ values / weights.sum(axis=1)


def test_each_group_is_left_out_with_all_its_rows():
    assert leave_out(GROUPS).tolist() == [
        [1, 1, 1, 1, 1],
        [1, 0, 0, 1, 1],
        [0, 1, 1, 1, 0],
        [1, 1, 1, 0, 1],
        [0, 1, 1, 0, 0],
        [1, 0, 0, 0, 1],
        [0, 0, 0, 1, 0],
    ]


def test_very_many_groups_are_left_out_together():
    weights = leave_out(np.arange(3 * MOST))
    assert weights.shape == (1 + 2 * MOST, 3 * MOST)
    assert (weights[1 : 1 + MOST].sum(axis=1) == 3 * MOST - 3).all()


def test_the_interval_of_a_mean_is_that_of_student():
    values = np.random.default_rng(0).normal(size=7)
    low, high = stats.t.interval(0.95, 6, values.mean(), stats.sem(values))
    found = estimate(mean(values), np.arange(7), "plain")
    assert found == pytest.approx((values.mean(), low, high, 7, ""))


def test_fields_of_one_group_count_once():
    values = np.random.default_rng(1).normal(size=5)
    once = estimate(mean(values), np.arange(5), "plain")
    assert estimate(mean(np.tile(values, 9)), np.tile(np.arange(5), 9), "plain") == pytest.approx(
        once
    )


def test_an_interval_of_a_share_lies_within_its_bounds_and_reaches_further_towards_one_half():
    hits = np.array([29.0, 30, 30, 27])
    found = estimate(lambda w: share(w @ hits, w @ np.full(4, 30.0)), np.arange(4))
    assert 0 < found.ci_low < found.value < found.ci_high < 1
    assert found.value - found.ci_low > found.ci_high - found.value


@pytest.mark.parametrize(
    ("values", "groups", "number", "note"),
    [
        ([1.0, 2, 3, 4], "aabb", 2, "rests on 2 groups"),
        ([1.0, 2], "aa", 1, "rests on 1 group of fields,"),
        ([1.0, 1, 1, 1], "abcd", 4, "the value is the same without any one"),
        ([np.nan, 1, 1, 1], "abcd", 4, ""),
    ],
)
def test_a_value_without_an_interval_says_why(values, groups, number, note):
    found = estimate(mean(np.array(values)), list(groups), "plain")
    assert np.isnan([found.ci_low, found.ci_high]).all()
    assert found.n_clusters == number
    assert note in found.note


def test_only_groups_that_hold_a_class_bear_on_its_recall():
    """Of six groups two have cells of the class, so four equal values make no narrow interval."""
    hits, cells = np.array([3.0, 5, 0, 0, 0, 0]), np.array([4.0, 9, 0, 0, 0, 0])
    found = estimate(lambda w: share(w @ hits, w @ cells), np.arange(6))
    assert found.n_clusters == 2
    assert np.isnan(found.ci_low)


def test_a_value_that_one_group_alone_makes_possible_has_no_interval():
    hits, cells = np.array([3.0, 0, 0]), np.array([4.0, 0, 0])
    found = estimate(lambda w: share(w @ hits, w @ cells), np.arange(3))
    assert (found.value, found.n_clusters) == (0.75, 1)
    assert "rests on 1 group" in found.note


def test_a_value_that_needs_one_group_has_no_interval():
    """An AUC whose positive cells are all of one group."""
    positive, score = np.array([1, 1, 0, 0, 0]) > 0, np.array([0.9, 0.4, 0.5, 0.3, 0.2])
    found = estimate(lambda w: auc(positive, score, w), list("aabcd"))
    assert found.value == pytest.approx(5 / 6)
    assert "without one of the groups there is no value" in found.note


def test_a_group_like_all_others_together_counts():
    values = np.array([0.7, 0.9, 0.8])
    assert estimate(mean(values), np.arange(3)).n_clusters == 3


def test_trainings_widen_the_interval_of_their_mean():
    found = spread(mean(np.array([0.5, 0.3, 0.6, 0.4]))(leave_out(np.arange(4))))
    seeds = np.array([0.3, 0.5, 0.7])
    both = found.with_seeds(seeds)
    assert both.error == pytest.approx(np.sqrt(found.error**2 + seeds.var(ddof=1) / 3))
    assert 2 < both.freedom < 2 + found.freedom
    assert found.with_seeds(seeds[:1]) == found


def test_p_of_a_mean_is_that_of_student():
    values = np.array([0.3, 0.1, 0.4, -0.1, 0.2])
    found = spread(mean(values)(leave_out(np.arange(5))))
    assert found.p() == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_metrics_have_scales_of_their_own():
    values = np.array([0.7, 0.9, 0.8])
    found = estimates(
        lambda w: {"a": mean(values)(w), "b": mean(values)(w)}, list("abc"), {"a": "fisher"}
    )
    assert found["a"].ci_high < 1
    assert found["a"].ci_low != found["b"].ci_low


@pytest.mark.parametrize("correlation", [0.02, 0.05])
@pytest.mark.parametrize("slides", [4, 8, 16])
def test_intervals_contain_the_truth_as_often_as_they_promise(slides, correlation):
    found = interval_coverage.coverage(slides, correlation, 1300)
    assert min(ours for ours, _ in found.values()) >= 0.93, found
