"""Compare counts of cells by a model with the independent unit as cluster (GEE)."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from cellpheno.statistics.t_tests import Comparison, quantile

Counts = npt.NDArray[np.float64]
"""[n, 2]: cells of the class and all cells (at least one) of each unit of one condition."""

Values = npt.NDArray[np.float64]

TOLERANCE = 1e-10
MAX_ROUNDS = 200


def gee(control: Counts, condition: Counts) -> Comparison:
    """Compare a condition with control by counts of cells that are correlated within a unit.

    Generalised estimating equations for binomial counts with exchangeable correlation of the
    cells of a unit (Liang and Zeger 1986). With two conditions their solution is a weighted mean
    of the units' frequencies: a unit of m cells weighs m / (1 + (m - 1) rho), so many cells count
    more than few, but less than as many independent ones.

    Sandwich variances are too small with few clusters. Here each cluster's residual is corrected
    for its leverage (Kauermann and Carroll 2001), and the statistic is compared with Student's t
    with Satterthwaite's degrees of freedom (Fay and Graubard 2001) for the effective number of
    units under these weights. With equal weights this is Welch's test of the units.

    Returns test and interval of the difference of frequencies, and the odds ratio with its interval
    on the log scale, which is missing if a frequency is 0 or 1. With fewer than two units on a
    side, or without any variance, only difference and odds ratio are given.
    """
    if not len(control) or not len(condition):
        return Comparison()
    sides = [control, condition]
    correlation = exchangeable_correlation(sides)
    shares = [_shares(side, correlation) for side in sides]
    means = np.array([_mean(*pair) for pair in zip(sides, shares, strict=True)])
    variances = np.array([_variance(*each) for each in zip(sides, shares, means, strict=True)])
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = float(special.logit(means[1]) - special.logit(means[0]))
        log_error = float(np.sqrt((variances / (means * (1 - means)) ** 2).sum()))
    found = Comparison(
        float(means[1] - means[0]), effect="odds ratio", effect_size=float(np.exp(log_ratio))
    )
    error = float(np.sqrt(variances.sum()))
    if not error > 0:  # NaN with a single unit on a side
        return found
    freedom, statistic = _freedom(shares, variances), found.estimate / error
    half = quantile(freedom) * error
    found = dataclasses.replace(
        found,
        ci_low=found.estimate - half,
        ci_high=found.estimate + half,
        statistic=statistic,
        degrees_of_freedom=freedom,
        p=float(2 * special.stdtr(freedom, -abs(statistic))),
    )
    if np.isfinite(log_ratio):
        half = quantile(freedom) * log_error
        ends = np.exp([log_ratio - half, log_ratio + half])
        found = dataclasses.replace(found, effect_low=float(ends[0]), effect_high=float(ends[1]))
    return found


def exchangeable_correlation(sides: Sequence[Counts]) -> float:
    """Return the correlation of two cells of one unit, by moments of the Pearson residuals.

    Estimated together with the frequencies, as Liang and Zeger (1986) do. A negative one, which
    occurs by chance if units hardly differ, becomes 0: cells then count as independent.
    """
    n_cells = sum(side[:, 1].sum() for side in sides)
    n_pairs = sum((side[:, 1] * (side[:, 1] - 1) / 2).sum() for side in sides)
    correlation = 0.0
    for _ in range(MAX_ROUNDS):
        before = correlation
        squares, products = 0.0, 0.0
        for side in sides:
            own_squares, own_products = _residuals(side, _mean(side, _shares(side, before)))
            squares, products = squares + own_squares, products + own_products
        if not (squares > 0 and n_pairs > len(sides) and n_cells > len(sides)):
            return 0.0
        scale = squares / (n_cells - len(sides))
        correlation = max(0.0, products / scale / (n_pairs - len(sides)))
        if abs(correlation - before) < TOLERANCE:
            break
    return correlation


def _residuals(side: Counts, mean: float) -> tuple[float, float]:
    """Return sums of the cells' squared Pearson residuals, and of their products in pairs."""
    n_class, n_cells = side.T
    variance = mean * (1 - mean)
    if not variance > 0:
        return 0.0, 0.0
    squares = (n_class * (1 - mean) ** 2 + (n_cells - n_class) * mean**2) / variance
    sums = (n_class - n_cells * mean) ** 2 / variance
    return float(squares.sum()), float((sums - squares).sum() / 2)


def _shares(side: Counts, correlation: float) -> Values:
    """Return the share of each unit in the mean, [n]."""
    weights = side[:, 1] / (1 + (side[:, 1] - 1) * correlation)
    return weights / weights.sum()


def _mean(side: Counts, shares: Values) -> float:
    return float((shares * side[:, 0] / side[:, 1]).sum())


def _variance(side: Counts, shares: Values, mean: float) -> float:
    """Return the sandwich variance of the mean; a unit's leverage is its share."""
    if len(side) < 2:
        return np.nan
    residuals = side[:, 0] / side[:, 1] - mean
    return float((shares**2 * residuals**2 / (1 - shares)).sum())


def _freedom(shares: Sequence[Values], variances: Values) -> float:
    """Return Satterthwaite's degrees of freedom; unequal shares mean fewer effective units."""
    amounts = np.array([1 / (own**2).sum() for own in shares])
    return float(variances.sum() ** 2 / (variances**2 / (amounts - 1)).sum())
