"""Find the limits of quality measures, from the config or from the study's fields (A4)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]

ROBUST = "robust"
FIXED = "fixed"
OFF = "off"
TOO_FEW = "too few fields"
VARIED = "fields differ"
PIXEL_SIZE = "pixel_size_um"
ALL = "all"
"""Channel of a limit that is common to all."""
SAME_SIZE = 0.01
"""Relative difference up to which pixel sizes are the same."""
USUAL_SIZE = 0.8
"""Share of the fields that must have one pixel size for another one to be wrong."""
TO_SD = 1.4826
"""Ratio of standard deviation to median absolute deviation in a normal distribution."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """A quality measure of a channel and its limit."""

    key: str
    """Key of the limit in the config's section `quality`."""
    number: str
    """Column of the quality table, after the channel's name."""
    words: str
    bad: Literal["above", "below"]
    logarithmic: bool
    """Whether fields differ by factors, not by differences."""
    least_spread: float
    """Lower bound of the study's standard deviation, in natural logarithms or shares of the signal.

    Fields of one culture can be so alike that a harmless change would stand out.
    """

    def is_bad(self, values: Numbers | float, limit: float) -> Any:
        """Whether values are beyond a limit; NaN is not."""
        return values > limit if self.bad == "above" else values < limit


MEASURES = (
    Measure("max_saturated_fraction", "saturated_fraction", "saturated pixels", "above", True, 0.5),
    Measure("min_contrast", "contrast", "contrast to noise", "below", True, 0.35),
    Measure("min_focus", "focus", "variance of the Laplacian", "below", True, 0.35),
    Measure("min_detail", "detail", "share of fine detail", "below", True, 0.3),
    Measure("min_background", "background", "background", "below", False, 0.025),
    Measure("max_background", "background", "background", "above", False, 0.025),
)

BY_KEY = {measure.key: measure for measure in MEASURES}


def numbers(fields: pd.DataFrame, channel: str, number: str) -> Numbers:
    """Return a measure of every field, NaN where it is not known.

    Counts of 8-bit files are scaled to 16 bits if the study has both.
    """
    column = f"{channel}_{number}"
    if column not in fields:
        return np.full(len(fields), np.nan)
    values = pd.to_numeric(fields[column]).to_numpy(np.float64)
    if number not in ("mean", "background", "signal", "noise"):
        return values
    bits = numbers(fields, channel, "bits")
    mixed = np.isin([8, 16], bits).all()
    return np.where((bits == 8) & mixed, values * (65535 / 255), values)


def middle(values: Numbers, least_spread: float) -> tuple[float, float]:
    """Return median and robust standard deviation, at least `least_spread`, ignoring NaN."""
    if not np.isfinite(values).any():
        return np.nan, np.nan
    median = float(np.nanmedian(values))
    return median, max(float(TO_SD * np.nanmedian(np.abs(values - median))), least_spread)


def find(
    fields: pd.DataFrame, settings: Mapping[str, Any], channels: Sequence[str]
) -> pd.DataFrame:
    """Return the LIMITS of a study, for each channel and for the pixel size.

    A limit in the config's section `quality` is a number, null (off), or `robust`: the median of
    the study's fields plus or minus `robust_sds` robust standard deviations (scaled median
    absolute deviation), if at least `robust_min_fields` fields have the measure. For the pixel
    size, `limit` is the expected one. `how` says why a limit is missing.
    """
    rows = [
        {"key": measure.key, "channel": channel, **_limit(fields, settings, measure, channel)}
        for measure in MEASURES
        for channel in channels
    ]
    rows.append({"key": PIXEL_SIZE, "channel": ALL, **_pixel_size(fields, settings)})
    return pd.DataFrame(rows)


def pixel_sizes(fields: pd.DataFrame) -> Numbers:
    """Return the pixel size of every field in micrometres, NaN where it is not known."""
    if "pixel_size_um" not in fields:
        return np.full(len(fields), np.nan)
    return pd.to_numeric(fields["pixel_size_um"]).to_numpy(np.float64)


def _pixel_size(fields: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, Any]:
    sizes, chosen = pixel_sizes(fields), settings[PIXEL_SIZE]
    known = np.sort(sizes[np.isfinite(sizes)])
    # the lower of two middle ones, because it is a size that occurs
    row = {"median": known[(len(known) - 1) // 2] if len(known) else np.nan, "n": len(known)}
    if chosen is None:
        return {"how": OFF, "limit": np.nan, **row}
    if chosen != ROBUST:
        return {"how": FIXED, "limit": float(chosen), **row}
    if len(known) < settings["robust_min_fields"]:
        return {"how": TOO_FEW, "limit": np.nan, **row}
    if np.isclose(known, row["median"], rtol=SAME_SIZE, atol=0).mean() < USUAL_SIZE:
        return {"how": VARIED, "limit": np.nan, **row}
    return {"how": ROBUST, "limit": row["median"], **row}


def _limit(
    fields: pd.DataFrame, settings: Mapping[str, Any], measure: Measure, channel: str
) -> dict[str, Any]:
    values, chosen = numbers(fields, channel, measure.number), settings[measure.key]
    known = values[np.isfinite(values)]
    row = {"median": np.median(known) if len(known) else np.nan, "n": len(known)}
    if chosen is None:
        return {"how": OFF, "limit": np.nan, **row}
    if chosen != ROBUST:
        return {"how": FIXED, "limit": float(chosen), **row}
    if len(known) < settings["robust_min_fields"]:
        return {"how": TOO_FEW, "limit": np.nan, **row}
    steps = settings["robust_sds"] * (1 if measure.bad == "above" else -1)
    if measure.logarithmic:
        least = 1e-6  # gives a share of zero a logarithm
        median, spread = middle(np.log(known + least), measure.least_spread)
        limit = np.exp(median + steps * spread) - least
    else:
        signal = float(np.nanmedian(numbers(fields, channel, "signal")))
        median, spread = middle(known, measure.least_spread * signal)
        limit = median + steps * spread
    return {"how": ROBUST, "limit": float(limit), **row}
