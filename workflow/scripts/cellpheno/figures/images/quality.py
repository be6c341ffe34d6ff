"""Draw quality measurements of every field with their limits, by channel and condition (A4)."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from cellpheno.figures import style
from cellpheno.images.quality.limits import numbers

PANEL_MM = 27
"""Height of one row of panels."""


@dataclasses.dataclass(frozen=True)
class Number:
    """A measurement on the channels of a field: its column, name, limits and scale."""

    column: str
    name: str
    keys: tuple[str, ...]
    scale: str
    least: float = -np.inf
    """Smaller values are drawn at this one."""


NUMBERS = (
    Number("saturated_fraction", "saturated\npixels", ("max_saturated_fraction",), "share"),
    Number("contrast", "contrast\nto noise", ("min_contrast",), "log", 0.1),
    Number("detail", "share of\nfine detail", ("min_detail",), "log", 1e-4),
    Number("focus", "variance of\nthe Laplacian", ("min_focus",), "log", 0.1),
    Number("background", "background,\ncounts", ("min_background", "max_background"), "linear"),
)


@style.styled
def draw(quality: pd.DataFrame, limits: pd.DataFrame, channels: Sequence[str]) -> Figure:
    """Draw every measurement of every field, with its limits, in a row of panels by channel."""
    if quality.empty:
        return style.message("The sample sheet has no fields.")
    shown = judged_numbers(limits)
    made = style.figure(style.PAGE_MM, PANEL_MM * len(shown) + 22)
    places = made.subplots(len(shown), len(channels), squeeze=False, sharex=True)
    conditions = list(quality["condition"].unique())
    for row, number in enumerate(shown):
        for axes, channel in zip(places[row], channels, strict=True):
            strips = [(quality["condition"] == condition, channel) for condition in conditions]
            draw_panel(axes, quality, limits, number, strips)
        places[row, 0].set_ylabel(number.name)
    for axes, channel in zip(places[0], channels, strict=True):
        axes.set_title(channel)
    for axes in places[-1]:
        style.name_ticks(axes, conditions, room=100 // len(channels))
    made.supxlabel(summary(quality), fontsize=6.5, x=0.01, ha="left")
    return made


def judged_numbers(limits: pd.DataFrame) -> list[Number]:
    """Return the measurements with a limit, or with one that needs more fields."""
    keys = set(limits.loc[limits["how"] != "off", "key"])
    return [number for number in NUMBERS if keys & set(number.keys)] or list(NUMBERS[:1])


def draw_panel(
    axes: Axes,
    quality: pd.DataFrame,
    limits: pd.DataFrame,
    number: Number,
    strips: Sequence[tuple[npt.ArrayLike, str]],
) -> None:
    """Draw strips of fields, a dot for each or a cross for one set aside, and their limits.

    `strips` gives fields, as a mask, and the channel for the places 0, 1, 2 and so on; fields
    without a value are left out.
    """
    for place, (rows, channel) in enumerate(strips):
        part = quality.loc[np.asarray(rows)]
        # on the scale on which they were judged, for files with 8 and with 16 bits
        values = numbers(quality, channel, number.column)[np.asarray(rows)]
        known = np.isfinite(values)
        values, usable = values[known], (part["verdict"] == "ok").to_numpy()[known]
        values = np.maximum(values, number.least)
        across = place + style.spread(values, 0.3)
        axes.scatter(across[usable], values[usable], s=5, c=style.OKABE_ITO[0], linewidths=0)
        axes.scatter(
            *(across[~usable], values[~usable]), marker="x", s=14, c=style.ALERT, linewidths=1.0
        )
        ends = (place - 0.42, place + 0.42)
        for limit in _limits_in_view(limits, number, channel, values):
            axes.plot(ends, (limit, limit), color=style.ALERT, linestyle="--", linewidth=0.8)
    axes.set_xlim(-0.6, len(strips) - 0.4)
    _scale(axes, number)


def _limits_in_view(
    limits: pd.DataFrame, number: Number, channel: str, values: npt.NDArray[np.float64]
) -> list[float]:
    """Return the limits of a channel, without those that no count can fall below."""
    wanted = limits["key"].isin(number.keys) & (limits["channel"] == channel)
    found = limits.loc[wanted, "limit"].dropna()
    return [limit for limit in found if not limit < 0 <= values.min(initial=0.0)]


def summary(quality: pd.DataFrame) -> str:
    """Return how many fields are set aside, and how many unusual ones are used."""
    bad = int((quality["verdict"] != "ok").sum())
    text = f"All {len(quality):,} fields are used."
    if bad:
        text = f"{bad:,} of {len(quality):,} fields are set aside (×)."
    used = quality[quality["verdict"] == "ok"]
    unusual = int((used["remark"] != "").sum()) if "remark" in quality else 0
    if unusual:
        text += f" {unusual:,} unusual ones are used; the column remark says what they show."
    return text


def _scale(axes: Axes, number: Number) -> None:
    if number.scale == "log":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=5))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.minorticks_off()
    if number.scale == "share":
        axes.set_yscale("symlog", linthresh=1e-4)
        style.percent(axes)
    axes.margins(y=0.08)
    if number.scale == "share":
        axes.set_ylim(-1e-5, None)
        axes.set_yticks([0, 1e-4, 1e-2, 1])
        axes.minorticks_off()
