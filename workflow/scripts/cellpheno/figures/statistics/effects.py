"""Draw differences to control with their intervals, one column for each test."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellpheno.figures import style
from cellpheno.figures.statistics.frequencies import tests_of
from cellpheno.statistics.design import INDEPENDENT, PAIRED

TESTS = {
    "welch": "Welch's t-test",
    "student": "Student's t-test",
    "gee": "model for counts (GEE)",
}
PAIRED_TESTS = {
    "welch": "paired t-test",
    "student": "paired t-test",
    "gee": "model for counts in blocks (GEE)",
}
CORRECTIONS = {
    "none": "uncorrected",
    "holm": "Holm-corrected",
    "bonferroni": "Bonferroni-corrected",
    "fdr_bh": "Benjamini-Hochberg-corrected",
}


@style.styled
def draw(
    tests: pd.DataFrame, entries: Sequence[Mapping[str, str]], palette: style.Palette
) -> Figure:
    """Draw a forest plot: class by condition, filled if the adjusted p is below 0.05.

    A single class has differences of cells per field instead of shares.
    """
    if tests.empty:
        return style.message("There is no condition to compare with a control.")
    colours = palette.of_conditions(tests["condition"])
    names = list(tests["class"].unique())
    step = len(colours) + 1.0
    made = style.figure(style.PAGE_MM, max(45.0, 22 + 2.4 * step * len(names)))
    places = made.subplots(1, len(entries), sharey=True, sharex=True, squeeze=False)[0]
    for axes, entry in zip(places, entries, strict=True):
        of_entry = tests_of(tests, entry)
        _draw_column(axes, of_entry, names, colours)
        if len(palette.classes) > 1:
            axes.set_xlabel("difference to control, percentage points")
            axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g}" if value else "0")
        else:
            axes.set_xlabel("difference to control, cells per field")
        name = test_name(entry["test"], set(of_entry["design"]))
        axes.set_title(f"{name}\nof {entry['unit']}s, {CORRECTIONS[entry['correction']]}")
    middles = [row * step + (len(colours) - 1) / 2 for row in range(len(names))]
    places[0].set_yticks(middles, names)
    places[0].set_ylim(len(names) * step - 1, -1)
    made.legend(
        handles=_handles(colours),
        loc="outside lower center",
        ncols=style.columns([*colours, "p < 0.05"]),
    )
    return made


def test_name(test: str, designs: Collection[str]) -> str:
    """Return what a test is called under the designs of its comparisons."""
    names = {INDEPENDENT: TESTS[test], PAIRED: PAIRED_TESTS[test]}
    there = [name for design, name in names.items() if any(design in one for one in designs)]
    return " or ".join(there) or TESTS[test]


def _draw_column(
    axes: Axes, tests: pd.DataFrame, names: Sequence[str], colours: Mapping[str, str]
) -> None:
    conditions = list(colours)
    step = len(conditions) + 1
    for record in tests.to_dict("records"):
        place = names.index(record["class"]) * step + conditions.index(record["condition"])
        colour = colours[record["condition"]]
        if pd.notna(record["ci_low"]):
            axes.hlines(place, record["ci_low"], record["ci_high"], color=colour, linewidth=1)
        if pd.isna(record["estimate"]):
            _say_none(axes, place)
        else:
            known = pd.notna(record["p_adjusted"])
            axes.plot(
                *(record["estimate"], place),
                marker="o" if known else "x",
                markersize=3.5,
                color=colour,
                markerfacecolor=colour if known and record["p_adjusted"] < 0.05 else "white",
                markeredgewidth=0.9,
            )
    for row in range(1, len(names)):
        axes.axhline(row * step - 1, color="#E5E5E5", linewidth=0.5, zorder=0)
    axes.axvline(0, color=style.INK, linewidth=0.6, zorder=0)
    axes.tick_params(axis="y", length=0)


def _say_none(axes: Axes, place: float) -> None:
    """Write in the row of a comparison that it has no value."""
    axes.annotate(
        "no value",
        (0, place),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=4.5,
        color=style.NEGATIVE,
    )


def _handles(colours: Mapping[str, str]) -> list[Line2D]:
    handles = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    common: dict[str, Any] = {"color": style.INK, "linestyle": "", "marker": "o", "markersize": 3.5}
    handles.append(Line2D([], [], label="p < 0.05", **common))
    return [*handles, Line2D([], [], label="p ≥ 0.05", markerfacecolor="white", **common)]
