"""Annotated cells whose class is most likely wrong (A41)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

COLUMNS = 8
LETTERS = 18


@style.styled
def draw(cells: pd.DataFrame, crops: npt.NDArray[np.uint8], palette: style.Palette) -> Figure:
    """Draw the crops of the first listed cells, with the given and the suggested class.

    Parameters
    ----------
    cells
        tables.LABEL_ERRORS.
    crops
        [n, S, S, 3] of the first n cells.
    palette
        Classes and colours.
    """
    if cells.empty:
        return style.message("The annotated cells are too few, or too alike, to judge labels.")
    if not len(crops):
        return style.message(f"None of the {len(cells)} labels is likely wrong.")
    rows = -(-len(crops) // COLUMNS)
    side = (style.PAGE_MM - 4) / COLUMNS
    made = style.figure(style.PAGE_MM, rows * (side + 6), images=True)
    places = made.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, cell, crop in zip(places, cells.to_dict("records"), crops, strict=False):
        _draw_cell(axes, cell, crop, palette)
    for axes in places[len(crops) :]:
        axes.set_axis_off()
    return made


def _draw_cell(
    axes: Axes, cell: Mapping[str, Any], crop: npt.NDArray[np.uint8], palette: style.Palette
) -> None:
    suggested = cell["suggested"]
    axes.imshow(crop)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=palette[suggested], linewidth=1.4)
    given = f"{cell['rank']}  {_short(cell['label'])}"
    better = f"→ {_short(suggested)} {cell[f'p_{suggested}']:.2f}"
    axes.text(0, 1.13, given, transform=axes.transAxes, fontsize=5.5)
    axes.text(0, 1.03, better, transform=axes.transAxes, fontsize=5.5, fontweight="bold")


def _short(name: str) -> str:
    """Cut a name to what fits above a crop."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
