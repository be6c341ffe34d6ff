"""Metrics with 95 % intervals over independent clusters, such as slides or wells.

Fields and cells of one cluster are alike, so the cluster is the unit however many there are. Each
is left out once (jackknife: Quenouille 1956, Tukey 1958). The spread of the values without one of k
clusters gives the standard error, and Student's t with k - 1 degrees of freedom the interval, for
few clusters and for many. Clusters without which a value is the same, such as those without a cell
of the class, do not count. Shares, AUC, F and average precision have their interval on the logit
scale (by the delta method, which needs no logit of values without a cluster, some of which may be
1).
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)
Scale = Literal["logit", "fisher", "plain"]
"""Of values between 0 and 1, between -1 and 1 (Fisher's z), and of any size."""

FEWEST = 3
"""Clusters that an interval needs: the t distribution of fewer says nothing."""
MOST = 1000
"""Beyond as many clusters, several are left out together."""
BLOCK = 100
"""Weightings that are measured at once, so that memory does not grow with their number."""


class Estimate(NamedTuple):
    """A value with its 95 % interval, and the clusters that bear on it."""

    value: float
    ci_low: float
    ci_high: float
    n_clusters: int
    note: str
    """Why there is no interval."""


class Spread(NamedTuple):
    """A value with its standard error, which is NaN where a note says why it is unknown."""

    value: float
    error: float
    freedom: float
    """Degrees of freedom of the error."""
    n_clusters: int
    note: str

    def interval(self, scale: Scale = "logit") -> Estimate:
        """Return the value with its interval on a scale."""
        forward, back, slope = SCALES[scale]
        half = special.stdtrit(self.freedom, 0.975) * self.error
        with np.errstate(invalid="ignore", divide="ignore"):
            steps = np.array([-half, half]) * slope(self.value)
            low, high = back(forward(self.value) + steps)
        return Estimate(self.value, float(low), float(high), self.n_clusters, self.note)

    def p(self, scale: Scale = "plain") -> float:
        """Return the two-sided p of a difference or correlation that is 0 in truth."""
        forward, _, slope = SCALES[scale]
        with np.errstate(invalid="ignore", divide="ignore"):
            t = forward(self.value) / (self.error * slope(self.value))
        return float(2 * special.stdtr(self.freedom, -np.abs(t)))

    def with_seeds(self, values: Array) -> "Spread":
        """Return the spread of a mean over trainings, whose values [s] vary as well.

        Both variances add up, with the degrees of freedom of Satterthwaite (1946).
        """
        if len(values) < 2 or np.isnan(self.error):
            return self
        of_seeds = float(values.var(ddof=1)) / len(values)
        both = self.error**2 + of_seeds
        freedom = both**2 / (self.error**4 / self.freedom + of_seeds**2 / (len(values) - 1))
        return self._replace(error=float(np.sqrt(both)), freedom=freedom)


SCALES: dict[Scale, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "logit": (special.logit, special.expit, lambda v: 1 / np.float64(v * (1 - v))),
    "fisher": (np.arctanh, np.tanh, lambda v: 1 / np.float64(1 - v**2)),
    "plain": (np.asarray, np.asarray, np.ones_like),
}
"""Of each scale: the way there, back, and its slope."""


def leave_out(clusters: npt.ArrayLike) -> Array:
    """Return weights [1 + 2 k, n] of rows that belong to k `clusters` [n], of 0 and 1.

    The first ones take all rows, k further ones those without each cluster, and k those of each
    cluster alone.
    """
    names, position = np.unique(np.asarray(clusters), return_inverse=True)
    number = min(len(names), MOST)
    alone = (position % max(number, 1) == np.arange(number)[:, None]).astype(np.float64)
    return np.concatenate([np.ones((1, len(position))), 1 - alone, alone])


def measured(measure: Callable[[Array], Mapping[Name, Array]], weights: Array) -> dict[Name, Array]:
    """Return each metric of all weightings, [b].

    `measure` maps weights of the rows [b, n], as from `leave_out`, to metrics [b] by name.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = [measure(weights[i : i + BLOCK]) for i in range(0, len(weights), BLOCK)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def spread(values: Array) -> Spread:
    """Return a value and its error from values [1 + 2 k] of the weightings of `leave_out`."""
    value, (without, alone) = float(values[0]), values[1:].reshape(2, -1)
    changed = ~(np.abs(without - value) <= 1e-9 * max(1.0, abs(value)))
    bearing = changed | ~np.isnan(alone)
    number = int(bearing.sum())
    apart, note = without[bearing], ""
    if np.isnan(value):
        number = len(without)
    elif number < FEWEST:
        groups = f"{number} group{'' if number == 1 else 's'} of fields"
        note = f"No interval: it rests on {groups}, and an interval needs {FEWEST}."
    elif np.isnan(apart).any():
        note = "No interval: without one of the groups there is no value."
    elif not changed.any():
        note = "No interval: the value is the same without any one of the groups."
    if np.isnan(value) or note:
        return Spread(value, np.nan, np.nan, number, note)
    error = np.sqrt((number - 1) / number * np.square(apart - apart.mean()).sum())
    return Spread(value, float(error), number - 1, number, "")


def estimates(
    measure: Callable[[Array], Mapping[Name, Array]],
    clusters: npt.ArrayLike,
    scales: Mapping[Name, Scale] | None = None,
) -> dict[Name, Estimate]:
    """Return each metric (see `measured`) of rows in `clusters` [n].

    Its interval is on the logit scale unless `scales` names another.
    """
    return {
        name: spread(values).interval((scales or {}).get(name, "logit"))
        for name, values in measured(measure, leave_out(clusters)).items()
    }


def estimate(
    metric: Callable[[Array], Array], clusters: npt.ArrayLike, scale: Scale = "logit"
) -> Estimate:
    """Return one metric (see `measured`) of rows in `clusters` [n]."""
    return estimates(lambda weights: {"": metric(weights)}, clusters, {"": scale})[""]
