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
    """The kind of effect size: Hedges' g or the odds ratio."""
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


def hedges_g(cohens_d: float, n: int, m: int) -> tuple[float, float]:
    """Return Hedges' g of n and m units, and half the width of its 95 % interval.

    Cohen's d is corrected for small samples exactly (Hedges 1981), not by the usual approximation;
    the interval uses the large-sample variance of Hedges and Olkin (1985).
    """
    freedom = n + m - 2
    correction = np.exp(special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2))
    g = float(cohens_d * correction / np.sqrt(freedom / 2))
    error = np.sqrt((n + m) / (n * m) + g**2 / (2 * (n + m)))
    return g, float(special.ndtri(1 - ALPHA / 2) * error)
