"""Percentile bootstrap of whole clusters, such as fields, whose cells are not independent."""

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)

RESAMPLES = 1000
"""Bootstrap samples behind an interval."""
BLOCK = 100
"""Samples that are measured at once, so that memory does not grow with their number."""


def resamples(
    clusters: npt.ArrayLike, random: np.random.Generator, number: int = RESAMPLES
) -> Array:
    """Return how often each sample of redrawn clusters has each row, [number, n].

    There are no samples of fewer than two `clusters` [n]. Streams with the same key give the same
    samples.
    """
    names, position = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < 2:
        return np.empty((0, len(position)))
    counts = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=number)
    return counts[:, position].astype(np.float64)


def percentiles(drawn: Array) -> tuple[float, float]:
    """Return the ends of the 95 % interval of redrawn values [b]; NaN where none is known."""
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
    return float(low), float(high)


def measured(measure: Callable[[Array], Mapping[Name, Array]], samples: Array) -> dict[Name, Array]:
    """Return each metric of all samples, [b]; none without samples.

    `measure` maps weights of the rows [b, n], as from `resamples`, to metrics [b] by name.
    """
    parts = [measure(samples[i : i + BLOCK]) for i in range(0, len(samples), BLOCK)]
    return {name: np.concatenate([part[name] for part in parts]) for name in (parts or [{}])[0]}


def intervals(
    measure: Callable[[Array], Mapping[Name, Array]], samples: Array
) -> dict[Name, tuple[float, float, float]]:
    """Return value and ends of the 95 % interval of each metric (see `measured`)."""
    drawn = measured(measure, samples)
    return {
        name: (float(value[0]), *percentiles(drawn.get(name, np.empty(0))))
        for name, value in measure(np.ones((1, samples.shape[1]))).items()
    }


def interval(metric: Callable[[Array], Array], samples: Array) -> tuple[float, float, float]:
    """Return value and ends of the 95 % interval of one metric (see `measured`)."""
    return intervals(lambda weights: {"": metric(weights)}, samples)[""]
