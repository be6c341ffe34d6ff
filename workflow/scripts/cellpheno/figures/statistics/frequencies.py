"""Draw how often each class is called in each condition: box plots with points and stars (A50)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.statistics import measures
from cellpheno.statistics.frequencies import per_unit

COLUMNS = 4


@style.styled
def draw(
    frequencies: pd.DataFrame,
    tests: pd.DataFrame,
    entry: Mapping[str, str],
    palette: style.Palette,
    planted: pd.DataFrame | None = None,
) -> Figure:
    """Draw a panel for each class and group, with a box for each condition.

    Points are units of the test `entry`, stars its adjusted p. Simulated studies have `planted`,
    tables.PLANTED_FREQUENCIES. A single class has numbers of cells instead of shares.
    """
    shares = len(palette.classes) > 1
    if shares:
        units = per_unit(frequencies, entry["unit"]).rename(columns={"frequency": "value"})
    else:
        units = measures.per_unit(measures.of_numbers(frequencies), entry["unit"])
    units = units.dropna(subset="value")
    if units.empty:
        return style.message(why_empty(frequencies))
    colours = palette.of_conditions(named_conditions(frequencies, tests))
    names = [name for name in frequencies["class"].unique() if name != palette.negative]
    made = draw_panels(units, tests_of(tests, entry), names, colours)
    for axes, name in zip(made.axes, names, strict=False):
        if shares:
            style.percent(axes)
        if planted is not None:
            draw_simulated(axes, planted[planted["class"] == name], list(colours))
    made.supylabel("share of cells" if shares else "cells per field", fontsize=7)
    return made


def why_empty(frequencies: pd.DataFrame) -> str:
    """Return why there are no frequencies to draw."""
    if frequencies.empty:
        return "No usable field lies in statistics.splits: see splits.tsv and qc/fields.tsv."
    return "No cell was called in the fields of the experiment."


def named_conditions(table: pd.DataFrame, tests: pd.DataFrame) -> set[str]:
    """Return the conditions in a table, including those that lost all values."""
    return {*table["condition"], *tests["condition"], *tests["control"]}


def draw_panels(
    units: pd.DataFrame, tests: pd.DataFrame, names: Sequence[str], colours: Mapping[str, str]
) -> Figure:
    """Draw a panel for each class or group, with a box for each condition, and stars.

    `units` has one row per condition, unit and class, with its `value`; `tests` come from one test.
    """
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    made = style.figure(
        max(style.COLUMN_MM, style.PAGE_MM * columns / COLUMNS),
        rows * 48 + 14 + style.ticks_mm(colours),
    )
    places = made.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, name in zip(places, names, strict=False):
        part = units[units["class"] == name]
        draw_boxes(axes, part, colours)
        _draw_brackets(axes, tests[tests["class"] == name], list(colours), part)
        axes.set_title(style.wrapped(name, 16))
    for axes in places[len(names) :]:
        axes.set_axis_off()
    for column in range(columns):  # the last panel of each column has the names
        lowest = places[: len(names)][column::columns][-1]
        lowest.tick_params(labelbottom=True)
        style.name_ticks(lowest, _with_numbers(units, list(colours)), room=100 // columns)
        for label in lowest.get_xticklabels():  # may reach into the empty place below
            label.set_in_layout(lowest in places[-columns:])
    return made


def tests_of(tests: pd.DataFrame, entry: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of the tests table for one configured test."""
    keys = ["test", "unit", "correction"]
    return tests[(tests[keys] == [entry[key] for key in keys]).all(axis=1)]


def draw_boxes(axes: Axes, units: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draw a box, the mean (diamond) and every unit (dot) of each condition."""
    for place, (condition, colour) in enumerate(colours.items()):
        values = units.loc[units["condition"] == condition, "value"].to_numpy()
        if not len(values):
            say_none(axes, place, len(colours))
            continue
        axes.boxplot(
            values,
            positions=[place],
            widths=0.6,
            showfliers=False,
            patch_artist=True,
            boxprops={"facecolor": (*to_rgb(colour), 0.2), "edgecolor": colour},
            medianprops={"color": colour, "linewidth": 1.2},
            whiskerprops={"color": colour},
            capprops={"color": colour},
        )
        shifts = style.spread(values, 0.2)
        axes.scatter(
            *(place + shifts, values), s=6, c=colour, linewidths=0, zorder=3, clip_on=False
        )
        axes.scatter(
            *([place], [values.mean()]),
            marker="D",
            s=10,
            facecolor="white",
            edgecolor="black",
            linewidths=0.7,
            zorder=4,
        )
    axes.set_ylim(bottom=0)


def draw_simulated(axes: Axes, planted: pd.DataFrame, conditions: Sequence[str]) -> None:
    """Draw the simulated frequency of each condition as a bar across its box."""
    known = planted.dropna(subset="simulated")
    places = np.array([conditions.index(name) for name in known["condition"]], dtype=np.float64)
    axes.hlines(
        *(known["simulated"], places - 0.42, places + 0.42),
        colors="black",
        linewidth=1.6,
        zorder=5,
    )
    top = float(known["simulated"].max()) if len(known) else 0.0
    axes.set_ylim(0, max(axes.get_ylim()[1], 1.08 * top))


def say_none(axes: Axes, place: int, number: int) -> None:
    """Write in the place of a condition, one of a number, that it has no value."""
    axes.set_xlim(-0.6, number - 0.4)
    across = axes.get_xaxis_transform()
    axes.text(
        *(place, 0.03, "no value"),
        transform=across,
        rotation=90,
        ha="center",
        va="bottom",
        fontsize=5.5,
        color=style.NEGATIVE,
    )


def _draw_brackets(
    axes: Axes, tests: pd.DataFrame, conditions: Sequence[str], units: pd.DataFrame
) -> None:
    """Draw a bracket with stars from control to every condition that differs."""
    top = max(float(units["value"].max()), 1e-3)
    drawn = 0
    nearest_first = tests["condition"].map(conditions.index).sort_values(kind="stable").index
    row: Any
    for row in tests.loc[nearest_first].itertuples():
        marks = style.stars(row.p_adjusted)
        if not marks:
            continue
        height = top * (1.08 + 0.11 * drawn)
        ends = [conditions.index(row.control), conditions.index(row.condition)]
        axes.plot(
            np.repeat(ends, 2),
            height - top * np.array([0.02, 0, 0, 0.02]),
            color=style.INK,
            linewidth=0.6,
        )
        axes.text(float(np.mean(ends)), height - top * 0.015, marks, ha="center", fontsize=7)
        drawn += 1
    axes.set_ylim(0, top * (1.1 + 0.11 * drawn))


def _with_numbers(units: pd.DataFrame, conditions: Sequence[str]) -> list[str]:
    numbers = units.groupby("condition")["unit"].nunique()
    return [f"{name} ({numbers.get(name, 0)})" for name in conditions]
