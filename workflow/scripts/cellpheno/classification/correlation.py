"""Correlate a score with the brightness of a stain, with p values of three kinds (L24).

Patches of one field are not independent; p values that treat them as independent are given only for
comparison with published ones, under a name that says so.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from cellpheno.core.randomness import generator
from cellpheno.measuring.bootstrap import measured, percentiles, resamples
from cellpheno.measuring.metrics import pearson

Array = npt.NDArray[np.float64]

BOOTSTRAP = "bootstrap over fields"
NAIVE = "patches as independent"
FIELD_MEANS = "means of fields"
SMALLEST = 3
"""A correlation of so few pairs or fields has no interval."""
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
    brightness: Array, score: Array, field: npt.NDArray[np.intp], seed: int
) -> Iterator[dict[str, Any]]:
    """Yield the correlation of score and brightness [n] of patches, with p values of three kinds.

    `patches as independent` is the usual one: with hundreds of patches every correlation is
    significant. `bootstrap over fields` redraws whole fields; its p value is that of Fisher's z
    over the spread of the redrawn ones, on a t distribution with one degree of freedom less than
    fields. `means of fields` takes one point for each field. `field` [n] numbers the patches'
    fields. Nothing is yielded if brightness or score is constant (L24).
    """
    if not _varies(brightness, score):
        return
    names, position = np.unique(field, return_inverse=True)
    about = {"n": len(score), "n_fields": len(names)}
    bright, scored = (np.bincount(position, v) / np.bincount(position) for v in (brightness, score))
    drawn = measured(
        lambda w: {name: of(brightness, score, w) for name, of in CORRELATIONS.items()},
        resamples(position, generator(seed, "two classes, correlation")),
    )
    for metric, statistic in CORRELATIONS.items():
        value = float(statistic(brightness, score, np.ones((1, len(score))))[0])
        yield {"metric": metric, "method": NAIVE, **_fisher(value, len(score)), **about}
        if len(names) <= SMALLEST:
            continue
        spread = _spread(value, drawn[metric], len(names))
        yield {"metric": metric, "method": BOOTSTRAP, **spread, **about}
        if _varies(bright, scored):
            of_means = float(statistic(bright, scored, np.ones((1, len(names))))[0])
            yield {
                "metric": metric,
                "method": FIELD_MEANS,
                **_fisher(of_means, len(names)),
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


def _spread(value: float, drawn: Array, n_fields: int) -> dict[str, float]:
    low, high = percentiles(drawn)
    sd = float(np.nanstd(_z(drawn), ddof=1))
    p = float(2 * stats.t.sf(abs(_z(value)) / sd, n_fields - 1)) if sd > 0 else np.nan
    return {"value": value, "ci_low": low, "ci_high": high, "p": p}
