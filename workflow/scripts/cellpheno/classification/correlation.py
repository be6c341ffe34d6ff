"""Correlate a score with the brightness of a stain, with p values of three kinds (L24).

Patches of one field are not independent; p values that treat them as independent are given only for
comparison with published ones, under a name that says so.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from cellpheno.measuring.intervals import leave_out, measured, spread
from cellpheno.measuring.metrics import pearson

Array = npt.NDArray[np.float64]

GROUPS = "over groups"
NAIVE = "patches as independent"
GROUP_MEANS = "means of groups"
SMALLEST = 3
"""A correlation of so few pairs or groups has no interval."""
LIMIT = 1 - 1e-12
"""Correlation from which pairs count as lying on a line."""


def ranks(values: Array, weights: Array) -> Array:
    """Return the mid-ranks [b, n] of values [n], each counted as often as its weight says."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf))
    tied = np.add.reduceat(weights[:, order], starts, axis=1)
    middle = np.cumsum(tied, axis=1) - (tied - 1) / 2
    found = np.empty(weights.shape)
    found[:, order] = np.repeat(middle, np.diff(starts, append=len(values)), axis=1)
    return found


def spearman(x: Array, y: Array, weights: Array) -> Array:
    """Return Spearman's rank correlation for many weightings [b, n] of pairs."""
    return pearson(ranks(x, weights), ranks(y, weights), weights)


CORRELATIONS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "pearson_r": pearson,
    "spearman_r": spearman,
}


def correlate(
    brightness: Array, score: Array, group: npt.NDArray[np.intp]
) -> Iterator[dict[str, Any]]:
    """Yield the correlation of score and brightness [n] of patches, with p values of three kinds.

    `patches as independent` is the usual one: with hundreds of patches every correlation is
    significant. `over groups` leaves out one group at a time (`measuring.intervals`), on the scale
    of Fisher's z. `means of groups` takes one point for each group. `group` [n] numbers the
    patches' groups. Nothing is yielded if brightness or score is constant (L24).
    """
    if not _varies(brightness, score):
        return
    names, position = np.unique(group, return_inverse=True)
    about = {"n": len(score), "note": ""}
    bright, scored = (np.bincount(position, v) / np.bincount(position) for v in (brightness, score))
    drawn = measured(
        lambda w: {name: of(brightness, score, w) for name, of in CORRELATIONS.items()},
        leave_out(position),
    )
    for metric, statistic in CORRELATIONS.items():
        over_groups = spread(drawn[metric])
        naive = _fisher(over_groups.value, len(score))
        yield {"metric": metric, "method": NAIVE, **naive, "n_clusters": len(score), **about}
        found = over_groups.interval("fisher")._asdict()
        yield {**about, "metric": metric, "method": GROUPS, **found, "p": over_groups.p("fisher")}
        if _varies(bright, scored):
            of_means = float(statistic(bright, scored, np.ones((1, len(names))))[0])
            yield {
                "metric": metric,
                "method": GROUP_MEANS,
                **_fisher(of_means, len(names)),
                "n_clusters": len(names),
                **about,
            }


def _varies(*values: Array) -> bool:
    return all(len(one) > SMALLEST and np.ptp(one) > 0 for one in values)


def _fisher(value: float, n: int) -> dict[str, float]:
    """Return a correlation of n independent pairs with the interval of Fisher's z and its p."""
    z, half = _z(value), stats.norm.ppf(0.975) / np.sqrt(n - 3)
    t = abs(value) * np.sqrt((n - 2) / (1 - min(value**2, LIMIT)))
    low, high = np.tanh([z - half, z + half])
    p = float(2 * stats.t.sf(t, n - 2))
    return {"value": value, "ci_low": float(low), "ci_high": float(high), "p": p}


def _z(value: npt.ArrayLike) -> Any:
    """Return Fisher's z, finite even if all pairs lie on a line."""
    return np.arctanh(np.clip(value, -LIMIT, LIMIT))
