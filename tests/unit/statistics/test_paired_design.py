"""Replicates of one name as blocks: when they are paired, and what paired tests give."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.stats.contingency_tables import StratifiedTable

from cellpheno.core import notices
from cellpheno.statistics import conditions
from cellpheno.statistics.count_model import blocked_gee, conditional
from cellpheno.statistics.design import choose
from cellpheno.statistics.t_tests import hedges_g_av, paired_t_test, t_test

CONTROL = np.array([0.10, 0.30, 0.18, 0.05])
TREATED = np.array([0.14, 0.36, 0.25, 0.10])
COUNTS = np.array([[3, 20], [9, 41], [7, 30], [2, 33]], dtype=float)
MORE = np.array([[10, 25], [15, 31], [12, 44], [4, 20]], dtype=float)
PAIR = {"test": "welch", "unit": "replicate", "correction": "none"}
GEE = {"test": "gee", "unit": "replicate", "correction": "holm"}
FIELDS = {"test": "student", "unit": "field", "correction": "none"}


def replicates(number, first=1):
    return [f"r{n}" for n in range(first, first + number)]


@pytest.mark.parametrize(
    ("control", "condition", "design"),
    [
        (replicates(3), replicates(3), "paired"),
        (replicates(2), replicates(2), "independent"),
        (replicates(6), replicates(6, first=3), "paired"),  # 4 of 6
        (replicates(6), replicates(6, first=4), "independent"),  # 3 of 6
        (replicates(4), replicates(3), "paired"),
        (replicates(12), replicates(4), "independent"),
        (replicates(4), replicates(4, first=9), "independent"),
    ],
)
def test_auto_pairs_three_blocks_that_hold_more_than_half_of_the_replicates(
    control, condition, design
):
    assert choose("auto", "replicate", control, condition)[0] == design
    assert choose("independent", "replicate", control, condition)[0] == "independent"
    assert choose("paired", "replicate", control, condition)[0] == "paired"


@pytest.mark.parametrize("asked", ["auto", "paired"])
@pytest.mark.parametrize("unit", ["field", "group"])
def test_units_within_replicates_are_never_paired(asked, unit):
    design, reason = choose(asked, unit, replicates(4), replicates(4))
    assert design == "independent"
    assert f"{unit}s have no partner" in reason


def test_statistic_p_and_interval_of_a_paired_t_test_are_those_of_one_sample_of_differences():
    found = paired_t_test(CONTROL, TREATED)
    expected = stats.ttest_1samp(TREATED - CONTROL, 0)
    interval = expected.confidence_interval()
    assert (found.p, found.statistic) == pytest.approx((expected.pvalue, expected.statistic))
    assert (found.ci_low, found.ci_high) == pytest.approx((interval.low, interval.high))
    assert found.degrees_of_freedom == 3


def test_what_blocks_share_cancels():
    shift = np.array([0.5, -0.2, 0.1, 0.9])
    shifted = paired_t_test(CONTROL + shift, TREATED + shift)
    assert shifted.p == pytest.approx(paired_t_test(CONTROL, TREATED).p)
    assert shifted.p < 0.01 < 0.3 < t_test(CONTROL + shift, TREATED + shift, "welch").p


def test_a_difference_that_is_the_same_in_every_block_has_no_p():
    found = paired_t_test(CONTROL, CONTROL + 0.1)
    assert found.estimate == pytest.approx(0.1)
    assert np.isnan([found.p, found.ci_low, found.effect_size]).all()


def test_g_av_is_on_the_scale_of_g_and_does_not_grow_with_the_correlation_of_blocks():
    g, _ = hedges_g_av(CONTROL, TREATED)
    squares = (CONTROL.var(ddof=1) + TREATED.var(ddof=1)) / 2
    d = (TREATED - CONTROL).mean() / np.sqrt(squares)
    # exact correction for 3 degrees of freedom: gamma(3/2) / (sqrt(3/2) gamma(1))
    assert g == pytest.approx(d * np.sqrt(np.pi) / 2 / np.sqrt(1.5))
    assert abs(g - t_test(CONTROL, TREATED, "student").effect_size) < 0.15


def test_the_interval_of_g_av_covers_its_truth():
    rng = np.random.default_rng(0)
    covered, n, rho, truth = 0, 12, 0.7, 0.8
    for _ in range(1000):
        shared = rng.normal(0, np.sqrt(rho), n)
        some, others = shared + rng.normal(0, np.sqrt(1 - rho), (2, n))
        g, half = hedges_g_av(some, others + truth)
        covered += abs(g - truth) <= half
    assert 0.92 < covered / 1000 < 0.98


def test_the_model_for_counts_with_as_many_cells_everywhere_is_the_paired_t_test():
    control, treated = ([10, 30, 18, 5], [14, 36, 25, 10])
    sides = [np.column_stack([n, np.full(4, 100)]).astype(float) for n in (control, treated)]
    found, expected = blocked_gee(*sides), paired_t_test(CONTROL, TREATED)
    for name in ("estimate", "p", "ci_low", "ci_high", "statistic", "degrees_of_freedom"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))


def test_blocks_of_independent_cells_have_the_weights_of_mantel_and_haenszel():
    control = np.array([[2, 20], [4, 40], [6, 60]], dtype=float)
    treated = np.array([[9, 30], [8, 20], [15, 50]], dtype=float)  # hardly differ: no correlation
    weights = control[:, 1] * treated[:, 1] / (control[:, 1] + treated[:, 1])
    differences = treated[:, 0] / treated[:, 1] - control[:, 0] / control[:, 1]
    found = blocked_gee(control, treated)
    assert found.estimate == pytest.approx((weights * differences).sum() / weights.sum())
    assert found.degrees_of_freedom < 2  # unequal weights are fewer blocks


def test_the_conditional_odds_ratio_is_that_of_statsmodels_and_near_mantel_haenszels():
    found = conditional(COUNTS, MORE)
    positive, treated, block = [], [], []
    for side, part in enumerate((COUNTS, MORE)):
        for number, (n_class, n_cells) in enumerate(part):
            positive += [1] * int(n_class) + [0] * int(n_cells - n_class)
            treated += [side] * int(n_cells)
            block += [number] * int(n_cells)
    exposed = np.array(treated, dtype=float)[:, None]
    model = ConditionalLogit(np.array(positive), exposed, groups=np.array(block))
    assert found.effect_size == pytest.approx(float(np.exp(model.fit(disp=0).params[0])), rel=1e-3)
    tables = [[[b[0], b[1] - b[0]], [a[0], a[1] - a[0]]] for a, b in zip(COUNTS, MORE, strict=True)]
    assert found.effect_size == pytest.approx(StratifiedTable(tables).oddsratio_pooled, rel=0.02)
    assert found.effect_low < found.effect_size < found.effect_high


def test_the_conditional_odds_ratio_says_nothing_where_the_class_is_on_one_side_alone():
    nothing = conditional(COUNTS, np.array([[0, 30.0]] * 4))
    assert np.isnan([nothing.p, nothing.effect_size]).all()


def experiments(number, n_blocks, day, effect, seed=0):
    """Yield counts of control and condition in blocks, with a shift on the logit scale each."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        shared = -1.8 + rng.normal(0, day, n_blocks)
        n_cells = rng.poisson(rng.choice([80, 270], (2, n_blocks)))
        own = shared + rng.normal(0, 0.15, (2, n_blocks)) + np.array([[0], [effect]])
        yield np.stack([rng.binomial(n_cells, 1 / (1 + np.exp(-own))), n_cells], -1).astype(float)


def frequencies_of(counts):
    return counts[..., 0] / counts[..., 1]


@pytest.mark.parametrize("n_blocks", [3, 6])
@pytest.mark.parametrize("day", [0, 0.6])
def test_paired_tests_keep_their_level_whether_or_not_days_differ(n_blocks, day):
    found = np.array(
        [
            [
                paired_t_test(*frequencies_of(sides)).p,
                blocked_gee(*sides).p,
                conditional(*sides).p,
            ]
            for sides in experiments(800, n_blocks, day, effect=0)
        ]
    )
    rates = (found < 0.05).mean(axis=0)
    for rate in rates:  # 0.03 to 0.06 in the long run, by benchmarks/paired_design.py
        low, high = stats.binomtest(round(rate * 800), 800).proportion_ci()
        assert low < 0.06
        assert high > 0.03


def table(counts):
    """Make a frequencies table from {condition: {replicate: [cells of the class of 100]}}."""
    rows = [
        {
            "field": f"{condition}-{replicate}-{n}",
            "condition": condition,
            "replicate": replicate,
            "group": "g",
            "class": "one",
            "n_cells": 100,
            "n_class": n_class,
            "frequency": n_class / 100,
        }
        for condition, several in counts.items()
        for replicate, fields in several.items()
        for n, n_class in enumerate(fields)
    ]
    return pd.DataFrame(rows)


DAYS = {
    "control": {"r1": [8, 12], "r2": [28, 32], "r3": [18, 18], "r4": [4, 6]},
    "drug": {"r4": [10, 10], "r3": [24, 26], "r2": [36, 36], "r1": [12, 16]},
}


def compared(counts, entries, design):
    some = table(counts)
    named = some.assign(usable=True)
    members = {"one": ["one"], "rest": ["rest"]}
    found = conditions.of_frequencies(some, "control", entries, members, named, design)
    return found[found["class"] == "one"].set_index("test")


def test_auto_pairs_tests_of_replicates_by_name_and_leaves_those_of_fields():
    found = compared(DAYS, [PAIR, FIELDS], "auto")
    welch, student = found.loc["welch"], found.loc["student"]
    assert welch["p"] == pytest.approx(paired_t_test(CONTROL, TREATED).p)
    assert (welch["design"], welch["n_blocks"], welch["effect"]) == ("paired", 4, "Hedges' g_av")
    assert welch["reason"] == "4 replicates have one name under both conditions"
    assert (student["design"], student["n_blocks"]) == ("independent", 0)
    alone = compared(DAYS, [PAIR], "independent").loc["welch"]
    assert alone["p"] == pytest.approx(t_test(CONTROL, TREATED, "welch").p)


def test_a_paired_model_for_counts_is_followed_by_its_sensitivity_analysis():
    found = compared(DAYS, [GEE], "auto")
    assert list(found.index) == ["gee", "conditional"]
    within = found.loc["conditional"]
    assert within["effect_size"] == pytest.approx(found.loc["gee", "effect_size"], rel=0.1)
    assert within["p_adjusted"] >= within["p"]
    assert list(compared(DAYS, [GEE], "independent").index) == ["gee"]


def test_replicates_without_a_partner_are_left_out_and_named():
    counts = {**DAYS, "control": {**DAYS["control"], "r9": [90, 90]}}
    before = len(notices.given())
    found = compared(counts, [PAIR], "auto").loc["welch"]
    assert found["p"] == pytest.approx(paired_t_test(CONTROL, TREATED).p)
    assert found["mean_control"] == pytest.approx(CONTROL.mean())
    assert "left out without a partner: r9 of control" in found["reason"]
    assert any("r9 of control" in sentence for sentence in notices.given()[before:])


def test_too_few_pairs_are_said_in_words():
    counts = {"control": DAYS["control"], "drug": {"r1": [12, 16], "r8": [1, 2], "r9": [1, 2]}}
    found = compared(counts, [PAIR], "paired").loc["welch"]
    assert np.isnan(found["p"])
    assert found["note"].startswith("Not tested: 1 replicate has one name")
