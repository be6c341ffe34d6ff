"""Compare a condition with control by tests on one value per independent unit (A51)."""

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import special, stats

ALPHA = 0.05


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A condition compared with control; missing values are NaN."""

    estimate: float = np.nan
    """Difference of means, condition minus control."""
    ci_low: float = np.nan
    ci_high: float = np.nan
    effect: str = ""
    """The kind of effect size: Hedges' g, its paired form g_av, or the odds ratio."""
    effect_size: float = np.nan
    effect_low: float = np.nan
    effect_high: float = np.nan
    statistic: float = np.nan
    degrees_of_freedom: float = np.nan
    p: float = np.nan


def quantile(freedom: float) -> float:
    """Return half the width of a 95 % interval in standard errors."""
    return float(special.stdtrit(freedom, 1 - ALPHA / 2))


def t_test(
    control: npt.NDArray[np.float64], condition: npt.NDArray[np.float64], test: str
) -> Comparison:
    """Compare a condition with control, [n] and [m] units, by a two-tailed t-test and Hedges' g.

    `welch` allows for unequal variances, `student` pools them. With fewer than two units on a side,
    or without any variance, only the difference of means is given.
    """
    n, m = len(control), len(condition)
    if not n or not m:
        return Comparison()
    estimate = float(condition.mean() - control.mean())
    if n < 2 or m < 2 or not (np.ptp(control) > 0 or np.ptp(condition) > 0):
        return Comparison(estimate)
    squares = (n - 1) * control.var(ddof=1) + (m - 1) * condition.var(ddof=1)
    g, half = hedges_g(estimate / np.sqrt(squares / (n + m - 2)), n, m)
    found = stats.ttest_ind(condition, control, equal_var=test == "student")
    low, high = map(float, found.confidence_interval(1 - ALPHA))
    statistic, df, p = map(float, (found.statistic, found.df, found.pvalue))
    return Comparison(estimate, low, high, "Hedges' g", g, g - half, g + half, statistic, df, p)


def paired_t_test(
    control: npt.NDArray[np.float64], condition: npt.NDArray[np.float64]
) -> Comparison:
    """Compare a condition with control, [n] blocks each, by a two-tailed paired t-test.

    With fewer than two blocks, or if all differ equally, only the mean difference is given.
    """
    n = len(control)
    if not n:
        return Comparison()
    differences = condition - control
    estimate = float(differences.mean())
    # equal up to rounding
    if n < 2 or not np.ptp(differences) > 1e-9 * np.abs(differences).max():
        return Comparison(estimate)
    g, half = hedges_g_av(control, condition)
    found = stats.ttest_rel(condition, control)
    low, high = map(float, found.confidence_interval(1 - ALPHA))
    statistic, df, p = map(float, (found.statistic, found.df, found.pvalue))
    return Comparison(estimate, low, high, "Hedges' g_av", g, g - half, g + half, statistic, df, p)


def hedges_g(cohens_d: float, n: int, m: int) -> tuple[float, float]:
    """Return Hedges' g of n and m units, and half the width of its 95 % interval.

    Cohen's d is corrected for small samples exactly (Hedges 1981), not by the usual approximation;
    the interval uses the large-sample variance of Hedges and Olkin (1985).
    """
    g = cohens_d * _small_sample(n + m - 2)
    error = np.sqrt((n + m) / (n * m) + g**2 / (2 * (n + m)))
    return g, float(special.ndtri(1 - ALPHA / 2) * error)


def hedges_g_av(
    control: npt.NDArray[np.float64], condition: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Return Hedges' g_av of [n] blocks, and half the width of its 95 % interval.

    The mean difference by the mean standard deviation of the two conditions (Lakens 2013). Unlike
    g_z, which divides by that of the differences, it is on the scale of unpaired experiments. The
    interval is that of Bonett (2008) for two dependent means.
    """
    freedom = len(control) - 1
    covariance = np.cov(control, condition)
    squares = float(np.trace(covariance)) / 2
    d = float(condition.mean() - control.mean()) / np.sqrt(squares)
    of_differences = 2 * squares - 2 * covariance[0, 1]
    error = d**2 * float((covariance**2).sum()) / (8 * squares**2) + of_differences / squares
    half = float(special.ndtri(1 - ALPHA / 2) * np.sqrt(error / freedom))
    return d * _small_sample(freedom), half


def _small_sample(freedom: int) -> float:
    """Return the exact factor by which Hedges (1981) corrects a standardised difference."""
    if freedom < 2:
        return np.nan
    logarithm = special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2)
    return float(np.exp(logarithm) / np.sqrt(freedom / 2))
