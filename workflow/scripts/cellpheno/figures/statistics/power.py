"""Draw the smallest differences that a study finds, and what half of them take."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellpheno.figures import style
from cellpheno.figures.statistics.effects import CORRECTIONS

FULL = 1.0

Row = Mapping[Any, Any]
"""A row of tables.POWER."""


@style.styled
def draw(power: pd.DataFrame, palette: style.Palette) -> Figure:
    """Draw the range of missed differences, class by condition, and what half of them take.

    `power` is tables.POWER: thick lines are for a single comparison, thin ones corrected.
    """
    power = power[power["class"] != palette.negative]
    if not power["smallest_rise"].notna().any():
        return style.message("There are too few replicates to say which differences are found.")
    colours = palette.of_conditions(power["condition"])
    names = list(power["class"].unique())
    step = len(colours) + 1.0
    made = style.figure(style.PAGE_MM, max(45.0, 24 + 2.9 * step * len(names)))
    left, right = made.subplots(1, 2, sharey=True, width_ratios=[3, 1.3])
    conditions = list(colours)
    for row in power.to_dict("records"):
        place = names.index(row["class"]) * step + conditions.index(row["condition"])
        _draw_range(left, row, place, colours[row["condition"]])
        if row["correction"] == "none":
            _write_needs(right, row, place)
    for number in range(1, len(names)):
        left.axhline(number * step - 1, color="#E5E5E5", linewidth=0.5, zorder=0)
    left.axvline(0, color=style.INK, linewidth=0.6, zorder=0)
    left.set_title("differences that are missed\nin more than 20 % of such studies")
    left.set_xlabel("difference to control, percentage points")
    left.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g}" if value else "0")
    middles = [number * step + (len(colours) - 1) / 2 for number in range(len(names))]
    left.set_yticks(middles, names)
    left.tick_params(axis="y", length=0)
    left.set_ylim(len(names) * step - 1, -1)
    right.set_title("needed for half the rise:\nreplicates            or fields each")
    right.set_axis_off()
    handles = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    handles.append(Line2D([], [], color=style.INK, linewidth=2.4, label="one comparison"))
    for name in set(power["correction"]) - {"none"}:
        handles.append(Line2D([], [], color=style.INK, linewidth=0.8, label=CORRECTIONS[name]))
    labels = [str(handle.get_label()) for handle in handles]
    made.legend(handles=handles, loc="outside lower center", ncols=style.columns(labels))
    return made


def _draw_range(axes: Axes, row: Row, place: float, colour: str) -> None:
    """Draw the range between the smallest fall and rise; an end beyond 0 or 1 has no mark."""
    if math.isnan(row["frequency"]) or not min(row["n_control"], row["n_condition"]) > 1:
        return
    width = 2.4 if row["correction"] == "none" else 0.8
    ends = (-row["smallest_fall"], row["smallest_rise"])
    limits = (-row["frequency"], FULL - row["frequency"])
    low, high = (limit if math.isnan(end) else end for end, limit in zip(ends, limits, strict=True))
    axes.hlines(place, low, high, color=colour, linewidth=width, zorder=2)
    for end in ends:
        if not math.isnan(end):
            axes.plot(end, place, marker="|", color=colour, markersize=4.5, markeredgewidth=1)


def _write_needs(axes: Axes, row: Row, place: float) -> None:
    """Write what half the rise takes, and what there is now."""
    now = round((row["n_control"] + row["n_condition"]) / 2), round(row["fields"])
    needed = row["replicates_for_half"], row["fields_for_half"]
    for x, number, there in zip((0.2, 0.75), needed, now, strict=True):
        text = "–" if math.isnan(number) else f"{number:.0f}"
        axes.text(x, place, f"{text}  (now {there})", ha="center", va="center", fontsize=5.5)
    axes.set_xlim(0, 1)
