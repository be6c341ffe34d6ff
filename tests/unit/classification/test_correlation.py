"""The correlation of scores with brightness, and p values that know of fields."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cellpheno.classification import correlation


def correlated(rng, fields, per_field, between, within):
    """Draw pairs whose fields agree more than their patches do."""
    field = np.repeat(np.arange(fields), per_field)
    shared = rng.normal(size=fields)[field]
    x = between * shared + rng.normal(size=len(field))
    y = -between * shared + within * x + rng.normal(size=len(field))
    return x, y, field


def test_the_naive_correlation_is_that_of_scipy():
    x, y, field = correlated(np.random.default_rng(0), 12, 30, 0.0, -0.5)
    rows = {(r["metric"], r["method"]): r for r in correlation.correlate(x, y, field)}
    known = stats.pearsonr(x, y)
    row = rows["pearson_r", "patches as independent"]
    assert row["value"] == pytest.approx(known.statistic)
    assert row["p"] == pytest.approx(known.pvalue, rel=1e-6)
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(list(known.confidence_interval()))
    ranked = rows["spearman_r", "patches as independent"]
    assert ranked["value"] == pytest.approx(stats.spearmanr(x, y).statistic)


def test_p_values_that_know_of_fields_are_larger_where_fields_agree():
    x, y, field = correlated(np.random.default_rng(1), 10, 60, 2.0, 0.0)
    rows = {r["method"]: r for r in correlation.correlate(x, y, field) if "pearson" in r["metric"]}
    assert rows["patches as independent"]["p"] < 1e-60
    assert rows["over groups"]["p"] > 1e-12
    assert rows["means of groups"]["p"] == pytest.approx(
        stats.pearsonr(*(pd.Series(v).groupby(field).mean() for v in (x, y))).pvalue, rel=1e-6
    )


def test_without_a_correlation_one_p_value_in_twenty_is_below_5_percent():
    rng, small = np.random.default_rng(2), {"patches as independent": 0, "over groups": 0}
    for _ in range(60):
        field = np.repeat(np.arange(15), 20)
        x, y = (rng.normal(size=15)[field] + rng.normal(size=300) for _ in range(2))
        for row in correlation.correlate(x, y, field):
            if row["metric"] == "pearson_r" and row["method"] in small:
                small[row["method"]] += row["p"] < 0.05
    assert small["over groups"] <= 9
    assert small["patches as independent"] >= 20


def test_ranks_of_a_sample_are_those_of_its_members():
    values, weights = np.array([3.0, 1.0, 3.0, 2.0]), np.array([[1, 2, 1, 1]], float)
    # the sample is 3, 1, 1, 3, 2: ranks 1.5 for both 1, 3 for 2, 4.5 for both 3
    assert correlation.ranks(values, weights).tolist() == [[4.5, 1.5, 4.5, 3.0]]


def test_a_redrawn_rank_correlation_is_that_of_the_redrawn_pairs():
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 9, 40).astype(float), rng.normal(size=40)
    counts = rng.integers(0, 3, (5, 40))
    rows = [np.repeat(np.arange(40), count) for count in counts]
    expected = [stats.spearmanr(x[chosen], y[chosen]).statistic for chosen in rows]
    assert correlation.spearman(x, y, counts.astype(float)) == pytest.approx(expected)


def test_scores_that_do_not_vary_have_no_correlation():
    assert not list(correlation.correlate(np.arange(9.0), np.ones(9), np.arange(9)))
