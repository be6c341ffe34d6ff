"""Intervals by redrawing whole clusters."""

import numpy as np
import pytest

from cellpheno.measuring.bootstrap import interval, percentiles, resamples

FIELDS = ["f2", "f1", "f1", "f3", "f2"]


def drawn(seed=0, clusters=FIELDS):
    return resamples(clusters, np.random.default_rng(seed))


def test_samples_hold_whole_fields():
    samples = drawn()
    assert np.array_equal(samples[:, 0], samples[:, 4])
    assert np.array_equal(samples[:, 1], samples[:, 2])
    assert (samples[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert np.array_equal(samples, drawn())
    assert not np.array_equal(samples, drawn(seed=1))


def test_a_single_field_has_a_value_and_no_interval():
    value, *ends = interval(lambda weights: weights.sum(axis=1), drawn(clusters=["f", "f"]))
    assert value == 2
    assert np.isnan(ends).all()


def test_an_interval_of_a_mean_is_as_wide_as_its_error_says():
    values = np.random.default_rng(0).normal(size=400)
    samples = drawn(clusters=np.arange(400))
    value, low, high = interval(lambda weights: weights @ values / 400, samples)
    assert low < value < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_samples_without_a_value_do_not_count():
    assert percentiles(np.array([np.nan, 1.0, 1.0])) == (1, 1)
    assert np.isnan(percentiles(np.array([np.nan]))).all()
