"""Draw frequencies of positive classes as shares of all cells and of positive cells (A50)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.statistics.frequencies import named_conditions, say_none, why_empty
from cellpheno.statistics.frequencies import per_unit


@style.styled
def draw(
    frequencies: pd.DataFrame, tests: pd.DataFrame, unit: str, palette: style.Palette
) -> Figure:
    """Draw absolute and relative frequencies, means over units, as stacked bars."""
    means = mean_frequencies(frequencies, unit, palette)
    if means.empty:
        return style.message(why_empty(frequencies))
    conditions = palette.of_conditions(named_conditions(frequencies, tests))
    means = means.reindex(list(conditions))
    several = means.shape[1] > 1  # the shares of a single class would all be 100 %
    made = style.figure(style.PAGE_MM if several else 110, 72 + style.ticks_mm(means.index))
    left, *rest = made.subplots(1, 1 + several, squeeze=False)[0]
    draw_stack(left, means, palette)
    left.set(title="absolute", ylabel=f"share of all cells, mean of {unit}s")
    sums = means.sum(axis=1)
    for right in rest:
        draw_stack(right, means.div(sums.where(sums > 0), axis=0), palette)
        right.set(title="relative", ylabel=f"share of all but\n{palette.negative}")
    palette.legend(made, list(means.columns)[::-1], "outside right center")
    return made


def mean_frequencies(frequencies: pd.DataFrame, unit: str, palette: style.Palette) -> pd.DataFrame:
    """Return the mean frequency over units, conditions as rows, positive classes as columns."""
    units = per_unit(frequencies, unit).dropna(subset="frequency")
    table = units.pivot_table(index="condition", columns="class", values="frequency")
    names = [name for name in palette.positives if name in table.columns]
    return table.reindex(index=list(palette.of_conditions(table.index)), columns=names)


def draw_stack(axes: Axes, shares: pd.DataFrame, palette: style.Palette) -> None:
    """Draw a stacked bar for each row of a table of shares."""
    for row in np.flatnonzero(shares.isna().all(axis=1)):
        say_none(axes, int(row), len(shares))
    highest = float(np.nanmax(shares.sum(axis=1))) or 1.0
    style.stacked_bars(axes, shares, palette, 0.7, 0.06 * highest, digits=int(highest < 0.9))
    axes.set_ylim(0, highest * 1.03)
