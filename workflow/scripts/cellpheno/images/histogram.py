"""How often each value occurs in a channel: counted once, and all else is read from it."""

import dataclasses

import numpy as np
import numpy.typing as npt

from cellpheno.images.readers import Channel


@dataclasses.dataclass(frozen=True)
class Histogram:
    """The values that occur in a channel.

    Attributes
    ----------
    values
        [n], ascending, in the channel's dtype.
    counts
        [n], pixels with each value, at least 1.
    """

    values: npt.NDArray[np.generic]
    counts: npt.NDArray[np.int64]

    @property
    def minimum(self) -> float:
        """Smallest value."""
        return float(self.values[0])

    @property
    def maximum(self) -> float:
        """Largest value."""
        return float(self.values[-1])

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Mean over the pixels."""
        return float(self.values.astype(np.float64) @ self.counts / self.pixels)

    def percentile(self, percent: float) -> float:
        """Return a percentile, between neighbouring pixels by linear interpolation as in NumPy."""
        position = percent / 100 * (self.pixels - 1)
        before = int(np.floor(position))
        after = min(before + 1, self.pixels - 1)
        rows = np.searchsorted(np.cumsum(self.counts), [before, after], side="right")
        low, high = self.values[rows].astype(np.float64)
        return float(low + (position - before) * (high - low))


def histogram(channel: Channel) -> Histogram:
    """Count the values of a channel [height, width]."""
    if channel.dtype.kind == "f":
        values, counts = np.unique(channel, return_counts=True)
        return Histogram(values, counts)
    everything = np.bincount(channel.ravel())
    values = np.flatnonzero(everything)
    return Histogram(values.astype(channel.dtype), everything[values])
