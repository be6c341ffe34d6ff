"""Rescale channels to 0-255 and compose three of them into an RGB image (A1, A2)."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from cellpheno.core.errors import StudyError
from cellpheno.images.quality.histogram import Channel, Histogram, histogram, merged
from cellpheno.study.inputs import COLOURS

UPPER_BITS = 0xFF00
"""The upper 8 of 16 bits."""

Rule = Literal["image", "percentile", "window", "study", "none"]


def channel_range(
    values: Histogram,
    rule: Rule,
    percentiles: Sequence[float] = (0.5, 99.8),
    fixed: Sequence[float] | None = None,
) -> tuple[float, float]:
    """Return the values of a channel's histogram that become 0 and 255.

    The rule `image` takes the smallest and largest value; `percentile` two percentiles, or
    smallest and largest if the percentiles of a sparse signal coincide; `window` and `study` the
    `fixed` raw counts; `none` the range of eight bits, or the upper eight of 16 bits.
    """
    if rule in ("window", "study"):
        low, high = fixed or ()
        return float(low), float(high)
    if rule == "none":
        return (0.0, float(UPPER_BITS)) if values.values.dtype == np.uint16 else (0.0, 255.0)
    if rule == "percentile":
        low, high = (values.percentile(percent) for percent in percentiles)
        if low < high:
            return low, high
    return values.minimum, values.maximum


def check_windows(channels: Iterable[str], settings: Mapping[str, Any]) -> None:
    """Raise a StudyError if the rule is `window` and a channel lacks a valid window."""
    for name in channels if settings["rescale"] == "window" else ():
        low, high = settings["window"].get(name, (0, 0))
        if high <= low:
            raise StudyError(
                f"composite.rescale is window, but composite.window has no range for the channel "
                f"{name}; give it [low, high] in raw counts, low below high."
            )


def rescale(channel: Channel, low: float, high: float) -> npt.NDArray[np.uint8]:
    """Map `low` to 0 and `high` to 255 linearly, and clip values beyond them.

    An empty range (`low` equal to `high`) gives zeros.
    """
    if high <= low:
        return np.zeros(channel.shape, np.uint8)
    if channel.dtype.kind == "u":
        every_value = np.arange(256**channel.dtype.itemsize)
        return np.asarray(cv2.LUT(channel, _rescaled(every_value, low, high)), np.uint8)
    return _rescaled(channel, low, high)


def top_byte(channel: Channel) -> Channel:
    """Clear the lower 8 of a channel's 16 bits, which `cv2.imread` drops (C46).

    The counts keep their range, with fewer grey levels: 16 of a 12-bit camera. Other dtypes are
    returned unchanged.
    """
    if channel.dtype != np.uint16:
        return channel
    return np.asarray(channel, np.uint16) & np.uint16(UPPER_BITS)


def plane(
    channels: Mapping[str, Channel],
    how: Mapping[str, Any],
    files: Mapping[str, str],
    percentiles: Sequence[float],
    fixed: Mapping[str, Sequence[float]],
) -> npt.NDArray[np.uint8]:
    """Return a channel of a field as an input shows it (C18, C45, C46).

    `how` has `channel`, `bits`, and `rescale`: a `Rule`, or `file`, the smallest to the largest
    value of all channels in the same file. `files` and `fixed` map channels to their file and to
    low and high; for `percentiles` see `channel_range`.
    """
    name, rule = how["channel"], how["rescale"]
    together = [name]
    if rule == "file":
        together, rule = [other for other in channels if files[other] == files[name]], "image"
    shown = {other: channels[other] for other in together}
    if how["bits"] == "top_byte":
        shown = {other: top_byte(channel) for other, channel in shown.items()}
    values = functools.reduce(merged, map(histogram, shown.values()))
    return rescale(shown[name], *channel_range(values, rule, percentiles, fixed.get(name)))


def _rescaled(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    scaled = values.astype(np.float64)
    scaled -= low
    scaled *= 255.0 / (high - low)
    np.clip(scaled, 0.0, 255.0, out=scaled)
    return np.rint(scaled, out=scaled).astype(np.uint8)


def common_shape(channels: Mapping[str, Channel]) -> tuple[int, int]:
    """Return height and width of a field's channels, or raise a StudyError if they differ."""
    shapes = {name: channel.shape for name, channel in channels.items()}
    if len(set(shapes.values())) > 1:
        sizes = ", ".join(f"{name} {width} x {height}" for name, (height, width) in shapes.items())
        raise StudyError(f"Its channels differ in size ({sizes} px); they must show one field.")
    height, width = next(iter(shapes.values()))
    return height, width


def compose(
    channels: Mapping[str, npt.NDArray[np.uint8]], colours: Mapping[str, str]
) -> npt.NDArray[np.uint8]:
    """Return an RGB image [height, width, 3] of rescaled channels of equal size.

    `colours` maps `red`, `green` and `blue` to channels, of which one may serve several colours.
    """
    return stack([channels[colours[colour]] for colour in COLOURS])


def stack(planes: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """Return planes [height, width] as one image [height, width, planes]."""
    merged_planes = cv2.merge(planes).reshape(*planes[0].shape, len(planes))
    return np.asarray(merged_planes, np.uint8)
