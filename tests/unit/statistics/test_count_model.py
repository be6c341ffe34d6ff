"""The model for counts, compared with statsmodels, Welch's test and numbers worked out by hand."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from cellpheno.statistics.count_model import exchangeable_correlation, gee

CONTROL = np.array([[3, 20], [9, 41], [7, 30], [2, 33]], dtype=float)
TREATED = np.array([[10, 25], [5, 31], [12, 44]], dtype=float)


def units(number, n_class, n_cells):
    """Make units that are all alike."""
    return np.tile(np.array([n_class, n_cells], dtype=float), (number, 1))


def library_fit(control, condition):
    """Fit every single cell by statsmodels' GEE."""
    positive, treated, unit = [], [], []
    sides = [(counts, side) for side, part in enumerate((control, condition)) for counts in part]
    for number, ((n_class, n_cells), side) in enumerate(sides):
        positive += [1] * int(n_class) + [0] * int(n_cells - n_class)
        treated += [side] * int(n_cells)
        unit += [number] * int(n_cells)
    model = sm.GEE(
        np.array(positive),
        sm.add_constant(np.array(treated, dtype=float)),
        groups=unit,
        family=sm.families.Binomial(),
        cov_struct=sm.cov_struct.Exchangeable(),
    )
    return model.fit(ctol=1e-10, maxiter=300, ddof_scale=2)


def test_frequencies_odds_ratio_and_correlation_are_those_of_statsmodels():
    expected = library_fit(CONTROL, TREATED)
    found = gee(CONTROL, TREATED)
    log_odds = expected.params.cumsum()
    frequencies = 1 / (1 + np.exp(-log_odds))
    assert found.estimate == pytest.approx(frequencies[1] - frequencies[0], rel=1e-6)
    assert found.effect_size == pytest.approx(np.exp(expected.params[1]), rel=1e-6)
    assert exchangeable_correlation([CONTROL, TREATED]) == pytest.approx(
        float(expected.model.cov_struct.dep_params), rel=1e-5
    )


def test_the_interval_is_wider_than_without_the_correction_for_few_units():
    found, uncorrected = gee(CONTROL, TREATED), library_fit(CONTROL, TREATED)
    assert np.log(found.effect_high / found.effect_low) > 2 * 1.96 * uncorrected.bse[1]


def test_with_as_many_cells_in_every_unit_it_is_welchs_test():
    control, treated = np.array([10, 20, 13.0]), np.array([30, 24, 31, 29.0])
    found = gee(*(np.column_stack([n, np.full(len(n), 100.0)]) for n in (control, treated)))
    expected = stats.ttest_ind(treated / 100, control / 100, equal_var=False)
    interval = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.degrees_of_freedom == pytest.approx(expected.df)
    assert (found.ci_low, found.ci_high) == pytest.approx((interval.low, interval.high))


def test_a_unit_with_few_cells_weighs_less():
    control = np.array([[10, 100], [12, 100], [11, 100]], dtype=float)
    treated = np.array([[20, 100], [22, 100], [1, 1]], dtype=float)  # the last is one lone cell
    found = gee(control, treated)
    assert found.estimate < 0.25
    equal = treated[:, 0] / treated[:, 1]
    assert equal.mean() - 0.11 > 0.35


def test_cells_of_units_that_do_not_differ_count_as_independent():
    assert exchangeable_correlation([units(3, 10, 100), units(3, 20, 100)]) == 0


def test_units_of_which_all_or_no_cells_are_of_the_class_are_one_cell_each():
    sides = [np.array([[0, 10], [10, 10]], dtype=float)] * 2
    # the pairs of a unit agree wholly: 180 products of 1, 180 pairs, 40 cells
    assert exchangeable_correlation(sides) == pytest.approx((180 / 178) / (40 / 38))


def test_the_order_of_the_units_does_not_matter():
    assert gee(CONTROL[::-1], TREATED[::-1]).p == pytest.approx(gee(CONTROL, TREATED).p)


def test_a_class_that_is_never_seen_has_a_difference_but_no_interval_of_the_odds_ratio():
    found = gee(CONTROL, units(3, 0, 30))
    assert found.effect_size == 0
    assert found.p < 0.05
    assert np.isnan([found.effect_low, found.effect_high]).all()


@pytest.mark.parametrize(
    ("control", "condition"),
    [
        (units(3, 0, 20), units(3, 0, 20)),
        (CONTROL, TREATED[:1]),
        (units(3, 5, 20), units(2, 8, 20)),
    ],
    ids=["never seen", "one unit", "no variance"],
)
def test_what_cannot_be_tested_has_a_difference_only(control, condition):
    found = gee(control, condition)
    frequencies = [side[:, 0].sum() / side[:, 1].sum() for side in (control, condition)]
    assert np.isnan([found.p, found.ci_low, found.ci_high, found.effect_low]).all()
    assert found.estimate == pytest.approx(frequencies[1] - frequencies[0], abs=0.01)


def test_it_keeps_its_nominal_level_with_six_units_of_unequal_size():
    generator = np.random.default_rng(0)
    found = []
    for _ in range(400):
        n_cells = generator.choice([30, 60, 136, 300], (2, 6)).astype(float)
        chance = 1 / (1 + np.exp(2.2 + generator.normal(0, 0.5, (2, 6))))
        sides = np.stack([generator.binomial(n_cells.astype(int), chance), n_cells], axis=-1)
        found.append(gee(*sides).p < 0.05)
    low, high = stats.binomtest(sum(found), len(found)).proportion_ci()
    assert low < 0.05 < high
