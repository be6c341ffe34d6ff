"""Where a number on a field begins to be bad: as the config says, or as the study shows (A4)."""

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
"""Stands for the channel where a limit is one for all of them."""
SAME_SIZE = 0.01
"""Relative difference of pixel sizes that is none."""
USUAL_SIZE = 0.8
"""Share of the fields that must have one pixel size before another one is wrong."""
TO_SD = 1.4826
"""Median absolute deviation of a normal distribution to its standard deviation."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """One number on the channels of a field, and what is wrong where it is beyond its limit.

    Attributes
    ----------
    key
        Of the limit, in the config's section `quality`.
    number
        Column of the quality table, after the channel's name.
    words
        What the number is, in words.
    bad
        The side of the limit that is bad.
    logarithmic
        Whether fields differ by factors rather than by counts.
    least_spread
        Smallest standard deviation that the study's fields are taken to have: of the natural
        logarithm, or as a share of the channel's usual signal. Fields of one culture can be so
        alike that a change without harm would stand out.
    """

    key: str
    number: str
    words: str
    bad: Literal["above", "below"]
    logarithmic: bool
    least_spread: float

    def is_bad(self, values: Numbers | float, limit: float) -> Any:
        """Whether values are beyond a limit; what is NaN is not."""
        return values > limit if self.bad == "above" else values < limit


MEASURES = (
    Measure(
        "max_saturated_fraction",
        "saturated_fraction",
        "share of saturated pixels",
        "above",
        True,
        0.5,
    ),
    Measure("min_contrast", "contrast", "contrast to noise", "below", True, 0.35),
    Measure("min_focus", "focus", "variance of the Laplacian", "below", True, 0.35),
    Measure("min_detail", "detail", "share of fine detail", "below", True, 0.3),
    Measure("min_background", "background", "background", "below", False, 0.025),
    Measure("max_background", "background", "background", "above", False, 0.025),
)

BY_KEY = {measure.key: measure for measure in MEASURES}


def numbers(fields: pd.DataFrame, channel: str, number: str) -> Numbers:
    """Return a number of every field, NaN where it is not known.

    Counts of files with 8 bits are taken to 16 bits where the study has both.
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
    """Return median and robust standard deviation, at least `least_spread`; NaN is passed over."""
    if not np.isfinite(values).any():
        return np.nan, np.nan
    median = float(np.nanmedian(values))
    return median, max(float(TO_SD * np.nanmedian(np.abs(values - median))), least_spread)


def find(
    fields: pd.DataFrame, settings: Mapping[str, Any], channels: Sequence[str]
) -> pd.DataFrame:
    """Return the limits of a study.

    Parameters
    ----------
    fields
        The quality table.
    settings
        The config's section `quality`. A limit is a number, null (off), or `robust`: the median
        of the study's fields and `robust_sds` robust standard deviations (scaled median absolute
        deviation) beyond, if at least `robust_min_fields` fields have the number.
    channels
        Names of the channels.

    Returns
    -------
    DataFrame
        The table `tables.LIMITS`: a row for each limit and channel, and one for the pixel size,
        whose `limit` is the size expected. `limit` is missing where nothing is judged; `how` says
        why.
    """
    rows = [
        {"key": measure.key, "channel": channel, **_limit(fields, settings, measure, channel)}
        for measure in MEASURES
        for channel in channels
    ]
    rows.append({"key": PIXEL_SIZE, "channel": ALL, **_pixel_size(fields, settings)})
    return pd.DataFrame(rows)


def pixel_sizes(fields: pd.DataFrame) -> Numbers:
    """Return the pixel size of every field, micrometres, NaN where no file tells it."""
    if "pixel_size_um" not in fields:
        return np.full(len(fields), np.nan)
    return pd.to_numeric(fields["pixel_size_um"]).to_numpy(np.float64)


def _pixel_size(fields: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, Any]:
    sizes, chosen = pixel_sizes(fields), settings[PIXEL_SIZE]
    known = np.sort(sizes[np.isfinite(sizes)])
    # the lower of two middle ones: a size that a microscope has
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
        least = 1e-6  # so that a share of nothing has a logarithm
        median, spread = middle(np.log(known + least), measure.least_spread)
        limit = np.exp(median + steps * spread) - least
    else:
        signal = float(np.nanmedian(numbers(fields, channel, "signal")))
        median, spread = middle(known, measure.least_spread * signal)
        limit = median + steps * spread
    return {"how": ROBUST, "limit": float(limit), **row}
