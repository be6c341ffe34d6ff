"""Count the values of a channel once, for all measures."""

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

Channel = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]
"""A raw channel, [height, width], as in its file."""
BLOCK_PIXELS = 2**24
"""Pixels counted at a time, because OpenCV's float32 counts are exact up to this number."""
BIN_BITS = 8
"""Bits that `coarse` drops of the 24 significant ones of a float32."""


@dataclasses.dataclass(frozen=True)
class Histogram:
    """The values that occur in a channel."""

    values: npt.NDArray[np.generic]
    """[n], ascending, in the channel's dtype."""
    counts: npt.NDArray[np.int64]
    """[n], at least 1 pixel with each value."""

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
        """Return a percentile by linear interpolation, as in NumPy."""
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
    possible = 256**channel.dtype.itemsize
    pixels, everything = channel.reshape(1, -1), np.zeros(possible, np.int64)
    for start in range(0, pixels.size, BLOCK_PIXELS):
        block = pixels[:, start : start + BLOCK_PIXELS]
        counted = cv2.calcHist([block], [0], None, [possible], [0, possible])
        everything += counted.ravel().astype(np.int64)
    values = np.flatnonzero(everything)
    return Histogram(values.astype(channel.dtype), everything[values])


def coarse(channel: Channel) -> Channel:
    """Return a channel with a bounded number of different values.

    Integers are unchanged. A float32 loses its last 8 bits, at most 1/32768 of it, and integers
    below 65536 lose nothing. Over ten doublings of intensity 330,000 values remain.
    """
    if channel.dtype.kind == "u":
        return channel
    kept = np.uint32((1 << 32) - (1 << BIN_BITS))
    return (np.ascontiguousarray(channel).view(np.uint32) & kept).view(np.float32)


def merged(first: Histogram, second: Histogram) -> Histogram:
    """Return the histogram of the pixels of both."""
    values, place = np.unique(np.concatenate([first.values, second.values]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, place, np.concatenate([first.counts, second.counts]))
    return Histogram(values, counts)
