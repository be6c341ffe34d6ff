"""Compare counts of cells by a model with the independent unit as cluster (GEE)."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from cellpheno.statistics.t_tests import Comparison, quantile

Counts = npt.NDArray[np.float64]
"""[n, 2]: cells of the class and all cells (at least one) of each unit of one condition."""

Values = npt.NDArray[np.float64]

TOLERANCE = 1e-10
MAX_ROUNDS = 200
LIMIT = 12.0
"""Largest log odds ratio that is looked for."""


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
        of_log_ratio = float((variances / (means * (1 - means)) ** 2).sum())
        freedom = _freedom(shares, variances)
    return _comparison(means, float(variances.sum()), of_log_ratio, freedom)


def blocked_gee(control: Counts, condition: Counts) -> Comparison:
    """Compare a condition with control where row n of both [n, 2] is the same block, such as a day.

    Works like `gee`, with the block as cluster and the condition within it: what the two samples of
    a block share cancels in their residuals. A block weighs by the precision of its difference,
    1 / (1/a + 1/b) with the weights a and b of its two samples, which are the Mantel-Haenszel
    weights if the cells of a sample are independent. Degrees of freedom are the effective number of
    blocks less one. With equal numbers of cells this is the paired t-test of the frequencies.
    """
    if not len(control):
        return Comparison()
    sides = [control, condition]
    correlation = exchangeable_correlation(sides)
    weights = 1 / np.sum([1 / _weights(side, correlation) for side in sides], axis=0)
    shares = weights / weights.sum()
    frequencies = np.stack([side[:, 0] / side[:, 1] for side in sides])
    means = frequencies @ shares
    residuals = frequencies - means[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        on_log_scale = residuals / (means * (1 - means))[:, None]
        of_log_ratio = _corrected(np.diff(on_log_scale, axis=0)[0], shares)
        freedom = float(1 / (shares**2).sum() - 1)
    return _comparison(
        means, _corrected(np.diff(residuals, axis=0)[0], shares), of_log_ratio, freedom
    )


def conditional(control: Counts, condition: Counts) -> Comparison:
    """Estimate the odds ratio within blocks, which are the rows of both [n, 2].

    Conditional logistic regression: given the cells of the class in a block, their number in the
    condition has Fisher's noncentral hypergeometric distribution, in which the block's own
    frequency plays no part (Breslow and Day 1980, section 7.1). Blocks may vary more than that: the
    variance is that of the score over blocks, corrected for leverage and compared with Student's t
    as in `blocked_gee`. There is no difference of frequencies. Without a finite odds ratio, or with
    fewer than two blocks that say something about it, there are no values.
    """
    counts = np.hstack([control, condition])
    of_class = counts[:, 0] + counts[:, 2]
    counts = counts[(of_class > 0) & (of_class < counts[:, 1] + counts[:, 3])]
    if len(counts) < 2 or not _score(counts, -LIMIT).sum() * _score(counts, LIMIT).sum() < 0:
        return Comparison()
    log_ratio = float(optimize.brentq(lambda value: _score(counts, value).sum(), -LIMIT, LIMIT))
    moments = np.array([_hypergeometric(row, log_ratio) for row in counts])
    information = moments[:, 1]
    shares = information / information.sum()
    # one step of each block away from the common log ratio
    error = np.sqrt(_corrected((counts[:, 2] - moments[:, 0]) / information, shares))
    if not error > TOLERANCE:
        return Comparison(effect="odds ratio", effect_size=float(np.exp(log_ratio)))
    freedom, statistic = float(1 / (shares**2).sum() - 1), float(log_ratio / error)
    half = quantile(freedom) * error
    return Comparison(
        effect="odds ratio",
        effect_size=float(np.exp(log_ratio)),
        effect_low=float(np.exp(log_ratio - half)),
        effect_high=float(np.exp(log_ratio + half)),
        statistic=statistic,
        degrees_of_freedom=freedom,
        p=_two_sided(statistic, freedom),
    )


def _score(counts: Values, log_ratio: float) -> Values:
    return np.array([row[2] - _hypergeometric(row, log_ratio)[0] for row in counts])


def _hypergeometric(block: Values, log_ratio: float) -> tuple[float, float]:
    """Return mean and variance of the class in the condition, given both margins of a block."""
    n_control, m_control, n_condition, m_condition = block
    of_class = n_control + n_condition
    possible = np.arange(max(0, of_class - m_control), min(of_class, m_condition) + 1)
    logarithm = possible * log_ratio
    for one in (possible, m_condition - possible, of_class - possible):
        logarithm -= special.gammaln(one + 1)
    logarithm -= special.gammaln(m_control - of_class + possible + 1)
    chances = special.softmax(logarithm)
    mean = float(chances @ possible)
    return mean, float(chances @ (possible - mean) ** 2)


def _comparison(means: Values, variance: float, of_log_ratio: float, freedom: float) -> Comparison:
    """Return test and intervals from both means [2] and the variances of their contrasts."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = float(special.logit(means[1]) - special.logit(means[0]))
    found = Comparison(
        float(means[1] - means[0]), effect="odds ratio", effect_size=float(np.exp(log_ratio))
    )
    error = float(np.sqrt(variance))
    if not error > TOLERANCE:  # NaN with a single unit on a side
        return found
    statistic, half = found.estimate / error, quantile(freedom) * error
    found = dataclasses.replace(
        found,
        ci_low=found.estimate - half,
        ci_high=found.estimate + half,
        statistic=statistic,
        degrees_of_freedom=freedom,
        p=_two_sided(statistic, freedom),
    )
    if np.isfinite(log_ratio):
        half = quantile(freedom) * np.sqrt(of_log_ratio)
        ends = np.exp([log_ratio - half, log_ratio + half])
        found = dataclasses.replace(found, effect_low=float(ends[0]), effect_high=float(ends[1]))
    return found


def _two_sided(statistic: float, freedom: float) -> float:
    return float(2 * special.stdtr(freedom, -abs(statistic)))


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
    weights = _weights(side, correlation)
    return weights / weights.sum()


def _weights(side: Counts, correlation: float) -> Values:
    """Return as how many independent cells those of each unit count, [n]."""
    return side[:, 1] / (1 + (side[:, 1] - 1) * correlation)


def _mean(side: Counts, shares: Values) -> float:
    return float((shares * side[:, 0] / side[:, 1]).sum())


def _variance(side: Counts, shares: Values, mean: float) -> float:
    """Return the sandwich variance of the mean; a unit's leverage is its share."""
    return _corrected(side[:, 0] / side[:, 1] - mean, shares)


def _corrected(residuals: Values, shares: Values) -> float:
    """Return the variance of a mean from residuals [n], each corrected for its leverage."""
    if len(shares) < 2:
        return np.nan
    return float((shares**2 * residuals**2 / (1 - shares)).sum())


def _freedom(shares: Sequence[Values], variances: Values) -> float:
    """Return Satterthwaite's degrees of freedom; unequal shares mean fewer effective units."""
    amounts = np.array([1 / (own**2).sum() for own in shares])
    return float(variances.sum() ** 2 / (variances**2 / (amounts - 1)).sum())
