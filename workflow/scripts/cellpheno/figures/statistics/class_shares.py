"""Draw shares of classes: annotated by split and condition, called by condition (3B, 4A, 4B)."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.tables.columns import SPLITS_ALLOWED

SMALLEST_LABELLED = 0.05
MOST_BARS = 12
"""With more splits and conditions, conditions are pooled."""


@style.styled
def draw(
    boxes: pd.DataFrame,
    splits: pd.DataFrame,
    cells: pd.DataFrame,
    conditions: pd.Series,
    wanted: Sequence[str],
    palette: style.Palette,
) -> Figure:
    """Draw stacked bars with the number of cells on top.

    `conditions` maps fields to conditions; calls are shown for the splits `wanted`.
    """
    annotated = count_annotated(boxes, splits, conditions, palette)
    shown = cells[cells["split"].isin(wanted)]
    called = pd.crosstab(shown["condition"], shown["call"])
    called = called.reindex(list(palette.of_conditions(called.index)))
    if annotated.empty and called.empty:
        return style.message("No cell was annotated and none was called.")
    made = style.figure(style.PAGE_MM, 72 + style.ticks_mm([*annotated.index, *called.index]))
    parts = {"annotated": annotated, f"called ({', '.join(wanted)})": called}
    parts = {title: numbers for title, numbers in parts.items() if len(numbers)}
    widths = [max(2, len(numbers)) for numbers in parts.values()]
    panels = made.subplots(1, len(parts), width_ratios=widths, sharey=True, squeeze=False)[0]
    for axes, (title, numbers) in zip(panels, parts.items(), strict=True):
        draw_bars(axes, numbers, palette)
        axes.set_title(title)
    panels[0].set_ylabel("share of cells")
    palette.legend(made, palette.classes[::-1], "outside right center")
    return made


def count_annotated(
    boxes: pd.DataFrame, splits: pd.DataFrame, conditions: pd.Series, palette: style.Palette
) -> pd.DataFrame:
    """Count annotated cells by split (and condition, if there are several) and class (columns)."""
    annotated = boxes.merge(splits[["field", "split"]], on="field")
    annotated = annotated.assign(condition=annotated["field"].map(conditions))
    order = [name for name in palette.conditions if name in set(annotated["condition"])]
    places = [(split, name) for split in SPLITS_ALLOWED for name in order]
    there = set(zip(annotated["split"], annotated["condition"], strict=True))
    places = [place for place in places if place in there]
    if len(order) < 2 or len(places) > MOST_BARS:
        table = pd.crosstab(annotated["split"], annotated["label"])
        return table.reindex([name for name in SPLITS_ALLOWED if name in table.index])
    table = pd.crosstab([annotated["split"], annotated["condition"]], annotated["label"])
    return table.reindex(places).set_axis([f"{split}, {name}" for split, name in places])


def draw_bars(axes: Axes, numbers: pd.DataFrame, palette: style.Palette) -> None:
    """Draw a stacked bar for each row of a table of numbers of cells, classes as columns."""
    numbers = numbers.reindex(columns=list(palette.classes), fill_value=0)
    totals = numbers.sum(axis=1)
    shares = numbers.div(totals, axis=0)
    style.stacked_bars(axes, shares, palette, 0.75, SMALLEST_LABELLED)
    for row, total in enumerate(totals):
        axes.text(row, 1.015, f"{total:,}", ha="center", va="bottom", fontsize=6)
    axes.set_ylim(0, 1.07)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
