"""Channels rescaled to 0 to 255, and the red, green, blue image made of three of them (A1, A2)."""

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
    """Return the values of a channel that become 0 and 255.

    Parameters
    ----------
    values
        Of the channel of one field, or of all fields of a study.
    rule
        `image`: the smallest and the largest value; `percentile`: two percentiles, or smallest
        and largest where the percentiles coincide because the signal is that sparse; `window`
        and `study`: the same two values for every field; `none`: what eight bits can hold, of
        values of 16 bits the upper ones.
    percentiles
        Lower and upper, in percent, for `percentile`.
    fixed
        Low and high in raw counts, for `window` and `study`.
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
    """Refuse the rule `window` where a channel has no window.

    Raises
    ------
    StudyError
        For the first channel without a window, or with an empty one.
    """
    for name in channels if settings["rescale"] == "window" else ():
        low, high = settings["window"].get(name, (0, 0))
        if high <= low:
            raise StudyError(
                f"composite.rescale is window, but composite.window has no range for the channel "
                f"{name}; give it [low, high] in raw counts, low below high."
            )


def rescale(channel: Channel, low: float, high: float) -> npt.NDArray[np.uint8]:
    """Map `low` to 0 and `high` to 255, linearly, what lies beyond to the nearer end.

    A channel without a range (`low` equal to `high`) gives zeros.
    """
    if high <= low:
        return np.zeros(channel.shape, np.uint8)
    if channel.dtype.kind == "u":
        every_value = np.arange(np.iinfo(channel.dtype).max + 1)
        return cv2.LUT(channel, _rescaled(every_value, low, high))
    return _rescaled(channel, low, high)


def top_byte(channel: Channel) -> Channel:
    """Return a channel of 16 bits without its lower 8, as `cv2.imread` leaves it (C46).

    In counts of the full range, so that nothing but the number of grey levels changes: those of a
    12-bit camera become 16. Channels of 8 bits and floating-point numbers stay as they are.
    """
    return channel & np.uint16(UPPER_BITS) if channel.dtype == np.uint16 else channel


def plane(
    channels: Mapping[str, Channel],
    how: Mapping[str, str],
    files: Mapping[str, str],
    percentiles: Sequence[float],
    fixed: Mapping[str, Sequence[float]],
) -> npt.NDArray[np.uint8]:
    """Return a channel of a field as an input shows it (C18, C45, C46).

    Parameters
    ----------
    channels
        All channels of the field.
    how
        `channel`, `bits`, and `rescale`: one of `Rule`, or `file`: from the smallest to the largest
        value of all channels that lie in the same file.
    files
        Channel: its file.
    percentiles
        See `channel_range`.
    fixed
        Channel: low and high, see `channel_range`.
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
    """Return height and width of the channels of a field.

    Raises
    ------
    StudyError
        When they differ in size.
    """
    shapes = {name: channel.shape for name, channel in channels.items()}
    if len(set(shapes.values())) > 1:
        sizes = ", ".join(f"{name} {width} x {height}" for name, (height, width) in shapes.items())
        raise StudyError(f"Its channels differ in size ({sizes} px); they must show one field.")
    height, width = next(iter(shapes.values()))
    return height, width


def compose(
    channels: Mapping[str, npt.NDArray[np.uint8]], colours: Mapping[str, str]
) -> npt.NDArray[np.uint8]:
    """Put rescaled channels into the colours of one image.

    Parameters
    ----------
    channels
        Channel name: [height, width], all of one size.
    colours
        `red`, `green` and `blue`: the name of the channel each shows; one channel may serve
        several colours.

    Returns
    -------
    array
        [height, width, 3], red first.
    """
    return stack([channels[colours[colour]] for colour in COLOURS])


def stack(planes: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """Return planes [height, width] as one image [height, width, planes]."""
    return cv2.merge(planes).reshape(*planes[0].shape, len(planes))
