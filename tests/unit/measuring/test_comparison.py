"""Competitors compared in pairs on the same cells."""

import numpy as np
import pytest
from scipy import stats

from cellpheno.measuring.comparison import of_metrics, pairs
from cellpheno.measuring.intervals import leave_out
from cellpheno.tables import storage
from cellpheno.tables.metrics import COMPARED

HARD = np.array([0.1, -0.2, 0.15, -0.1, 0.25, -0.2])
"""How much easier the cells of each slide are, for every classifier."""


def values(*slides):
    """Values of s trainings, each with a value of every slide, as `leave_out` weighs them."""
    weights = leave_out(np.arange(len(slides[0])))
    return np.stack([weights @ np.array(each) / weights.sum(axis=1) for each in slides])


def test_the_difference_is_that_of_a_paired_test_of_slides():
    noise = np.array([0.01, 0.0, -0.01, 0.02, 0.0, -0.01])
    ours, theirs = 0.7 + HARD, 0.75 + HARD + noise
    [row] = pairs({"ours": values(ours), "theirs": values(theirs)}, 0.02).to_dict("records")
    known = stats.ttest_rel(theirs, ours)
    assert row["p"] == row["p_adjusted"] == pytest.approx(known.pvalue)
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(list(known.confidence_interval()))
    assert (row["first"], row["second"], row["n_clusters"]) == ("ours", "theirs", 6)
    assert row["verdict"] == "better"


@pytest.mark.parametrize(
    ("apart", "noise", "margin", "verdict"),
    [
        (-0.05, 0.01, 0.02, "worse"),
        (0.0, 0.005, 0.02, "equivalent"),
        (0.01, 0.001, 0.02, "equivalent"),
        (0.01, 0.001, 0.005, "better"),
        (0.0, 0.2, 0.02, "undecided"),
    ],
)
def test_a_verdict_weighs_the_interval_against_the_margin_and_then_p(apart, noise, margin, verdict):
    ours = 0.7 + HARD
    theirs = ours + apart + noise * np.array([1, -1, 0.5, -0.5, 0.2, -0.2])
    [row] = pairs({"a": values(ours), "b": values(theirs)}, margin).to_dict("records")
    assert row["verdict"] == verdict


def test_p_is_corrected_by_holm_over_the_pairs():
    noise = np.random.default_rng(0).normal(0, 0.02, (3, 6))
    table = pairs({name: values(0.7 + HARD + noise[n]) for n, name in enumerate("abc")}, 0)
    assert len(table) == 3
    assert table["p_adjusted"].min() == pytest.approx(min(1, 3 * table["p"].min()))


def test_the_spread_of_trainings_widens_a_difference():
    once = pairs({"a": values(0.5 + HARD), "b": values(0.6 + 1.1 * HARD)}, 0).iloc[0]
    seeds = [0.5 + HARD - 0.1, 0.5 + HARD, 0.5 + HARD + 0.1]
    several = pairs({"a": values(*seeds), "b": values(*[0.6 + 1.1 * HARD] * 3)}, 0).iloc[0]
    assert several["difference"] == pytest.approx(once["difference"])
    assert several["ci_low"] < once["ci_low"]
    assert several["p"] > once["p"]


def test_two_slides_decide_nothing():
    [row] = pairs({"a": values([0.1, 0.2]), "b": values([0.9, 0.8])}, 0.02).to_dict("records")
    assert np.isnan(row["p"])
    assert row["verdict"] == "undecided"
    assert "rests on 2 groups" in row["note"]


def test_every_metric_has_its_pairs_and_one_competitor_has_none():
    a, b = values(0.5 + HARD), values(0.6 + HARD)
    table = of_metrics({"a": {"x": a, "y": a}, "b": {"x": b, "y": b}}, 0.02)
    assert table["metric"].tolist() == ["x", "y"]
    assert of_metrics({"a": {"x": a}}, 0.02).empty


def test_competitors_without_any_pair_make_an_empty_table(tmp_path):
    """For example a detector of all cells, and one of a class alone."""
    alone = [of_metrics({name: {"ap": np.full((1, 5), 0.5)}}, 0.02) for name in ("all", "one")]
    tables = [table.assign(task="detection", among="x", split="test") for table in alone]
    storage.write(storage.concatenate(tables, COMPARED), tmp_path / "c.tsv", COMPARED)
    assert storage.read(tmp_path / "c.tsv", COMPARED).empty
