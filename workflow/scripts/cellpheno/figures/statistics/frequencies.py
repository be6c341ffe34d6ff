"""Draw how often each class is called in each condition: superplots or box plots, stars (A50)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellpheno.figures import style
from cellpheno.statistics import measures
from cellpheno.statistics.design import PAIRED
from cellpheno.statistics.frequencies import per_unit

COLUMNS = 4
MOST_NAMED = 12
"""Replicates that a legend has room for."""
SMALL: dict[str, Any] = {"s": 3, "alpha": 0.45, "linewidths": 0, "zorder": 2, "clip_on": False}
LARGE: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.4, "zorder": 3, "clip_on": False}
MEAN: dict[str, Any] = {
    **{"marker": "D", "s": 10, "facecolor": "white", "edgecolor": "black"},
    **{"linewidths": 0.7, "zorder": 4},
}

Key = tuple[str, str]
"""Condition and replicate."""


@style.styled
def draw(
    frequencies: pd.DataFrame,
    tests: pd.DataFrame,
    entry: Mapping[str, str],
    palette: style.Palette,
    planted: pd.DataFrame | None = None,
) -> Figure:
    """Draw a panel for each class and group, with a place for each condition.

    Points are units of the test `entry`, stars its adjusted p (see `draw_panels`). Simulated
    studies have `planted`, tables.PLANTED_FREQUENCIES. A single class has numbers of cells instead
    of shares.
    """
    shares = len(palette.classes) > 1
    if shares:
        fields = frequencies.assign(value=frequencies["frequency"])
        units = per_unit(frequencies, entry["unit"]).rename(columns={"frequency": "value"})
    else:
        fields = measures.of_numbers(frequencies)
        units = measures.per_unit(fields, entry["unit"])
    units = units.dropna(subset="value")
    if units.empty:
        return style.message(why_empty(frequencies))
    colours = palette.of_conditions(named_conditions(frequencies, tests))
    names = [name for name in frequencies["class"].unique() if name != palette.negative]
    made = draw_panels(units, tests_of(tests, entry), names, colours, fields)
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
    units: pd.DataFrame,
    tests: pd.DataFrame,
    names: Sequence[str],
    colours: Mapping[str, str],
    fields: pd.DataFrame,
) -> Figure:
    """Draw a panel for each class or group, with a place for each condition, and stars.

    `units` has one row per condition, unit and class, with its `value`; `tests` come from one test.
    If the units are replicates, they are a superplot with their `fields` (`draw_superplot`);
    otherwise boxes.
    """
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    replicates = (tests["unit"] == "replicate").any()
    made = style.figure(
        max(style.COLUMN_MM, style.PAGE_MM * columns / COLUMNS),
        rows * 48 + 14 + style.ticks_mm(colours) + 8 * replicates,
    )
    if replicates:
        fields = fields.assign(unit=fields["replicate"]).dropna(subset="value")
        of_replicates = _colours(units)
        _add_legend(made, units, fields[fields["class"] == names[0]], of_replicates)
    places = made.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axes, name in zip(places, names, strict=False):
        part, of_class = units[units["class"] == name], tests[tests["class"] == name]
        if replicates:
            single = fields[fields["class"] == name]
            draw_superplot(axes, part, single, of_class, list(colours), of_replicates)
            part = pd.concat([part, single])
        else:
            draw_boxes(axes, part, colours)
        _draw_brackets(axes, of_class, list(colours), part)
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
        axes.scatter(place, values.mean(), **MEAN)
    axes.set_ylim(bottom=0)


def draw_superplot(
    axes: Axes,
    units: pd.DataFrame,
    fields: pd.DataFrame,
    tests: pd.DataFrame,
    conditions: Sequence[str],
    colours: Mapping[Key, str],
) -> None:
    """Draw replicates as large dots, their fields as small ones, both in the replicate's colour.

    This is the superplot of Lord et al. (2020): it shows how much fields vary, and that only
    replicates are independent. Replicates of one name are joined by a line over control and all
    conditions that are compared with it in pairs. `colours` are of condition and replicate.
    """
    paired = tests[tests["design"] == PAIRED]
    joined = {*paired["condition"], *paired["control"]}
    order = {colour: n for n, colour in enumerate(dict.fromkeys(colours.values()))}
    shifts = np.linspace(-0.32, 0.2, len(order)) if len(order) > 1 else np.zeros(1)
    lines: dict[str, list[tuple[float, float]]] = {}
    for place, condition in enumerate(conditions):
        own = units[units["condition"] == condition]
        if own.empty:
            say_none(axes, place, len(conditions))
            continue
        for name, value in own[["unit", "value"]].itertuples(index=False):
            colour = colours[condition, name]
            x = place + float(shifts[order[colour]])
            its = fields[(fields["condition"] == condition) & (fields["unit"] == name)]
            values = its["value"].to_numpy()
            near = x + style.spread(values, 0.2 / max(4, len(order)))
            axes.scatter(near, values, c=colour, **SMALL)
            axes.scatter(x, value, s=18, c=colour, **LARGE)
            if condition in joined:
                lines.setdefault(colour, []).append((x, value))
        axes.scatter(place + 0.36, own["value"].mean(), **MEAN)  # beside all dots
    for colour, points in lines.items():
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=0.7, alpha=0.7, zorder=2.5)
    axes.set_xlim(-0.6, len(conditions) - 0.4)
    axes.set_ylim(bottom=0)


def _colours(units: pd.DataFrame) -> dict[Key, str]:
    """Return the colour of each condition's replicates, the same for those of one name.

    Names that no two conditions share are numbered within their condition.
    """
    keys = units[["condition", "unit"]].drop_duplicates()
    if keys["unit"].is_unique:
        numbers = keys.groupby("condition", sort=False).cumcount().to_numpy()
    else:
        numbers = pd.factorize(keys["unit"])[0]
    shades = style.enough(style.BRIGHT, int(numbers.max(initial=0)) + 1)
    pairs = keys.itertuples(index=False, name=None)
    return {key: shades[number] for key, number in zip(pairs, numbers, strict=True)}


def _add_legend(
    made: Figure, units: pd.DataFrame, fields: pd.DataFrame, colours: Mapping[Key, str]
) -> None:
    """Explain dots below the panels, and name replicates where two conditions share names."""
    grey: dict[str, Any] = {"color": style.NEGATIVE, "linestyle": ""}
    n = len(units[["condition", "unit"]].drop_duplicates())
    handles = [
        Line2D([], [], marker="o", markersize=4.2, label=f"replicate (n = {n})", **grey),
        Line2D([], [], marker="o", markersize=1.8, label=f"field ({len(fields)})", **grey),
        Line2D([], [], marker="D", markersize=3, label="mean", **{**grey, "color": "white"}),
    ]
    handles[-1].set(markeredgecolor="black", markeredgewidth=0.7)
    names = dict.fromkeys(name for _, name in colours)
    if len(names) < len(colours) and len(names) <= MOST_NAMED:
        of_names = {name: colour for (_, name), colour in colours.items()}
        handles += [
            Line2D([], [], marker="o", markersize=4.2, linestyle="", color=colour, label=name)
            for name, colour in of_names.items()
        ]
    labels = [str(handle.get_label()) for handle in handles]
    width = made.get_figwidth() * 25.4
    made.legend(
        handles=handles,
        loc="outside lower center",
        ncols=style.columns(labels, len(labels), width),
        handletextpad=0.1,
        columnspacing=0.8,
    )


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
