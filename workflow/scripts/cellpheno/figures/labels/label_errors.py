"""Draw annotated cells whose class is most likely wrong (A41)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

COLUMNS = 8
SIDE_MM = (style.PAGE_MM - 4) / COLUMNS


@style.styled
def draw(cells: pd.DataFrame, crops: npt.NDArray[np.uint8], palette: style.Palette) -> Figure:
    """Draw the first crops [n, S, S, 3] of tables.LABEL_ERRORS with given and suggested class."""
    if cells.empty:
        return style.message("The annotated cells are too few, or too alike, to judge labels.")
    if not len(crops):
        return style.message(f"None of the {len(cells)} labels is likely wrong.")
    rows, columns = -(-len(crops) // COLUMNS), min(len(crops), COLUMNS)
    made = style.figure(columns * SIDE_MM + 4, rows * (SIDE_MM + 6), images=True)
    places = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, cell, crop in zip(places, cells.to_dict("records"), crops, strict=False):
        _draw_cell(axes, cell, crop, palette)
    for axes in places[len(crops) :]:
        axes.set_axis_off()
    return made


def _draw_cell(
    axes: Axes, cell: Mapping[Any, Any], crop: npt.NDArray[np.uint8], palette: style.Palette
) -> None:
    suggested = cell["suggested"]
    axes.imshow(crop)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=palette[suggested], linewidth=1.4)
    given = f"{cell['rank']}  {cell['label']}"
    better = f"→ {cell[f'p_{suggested}']:.2f} {suggested}"
    for line, height, weight in ((given, 9, "normal"), (better, 2.5, "bold")):
        axes.annotate(
            style.fitted(line, SIDE_MM - 2.5, 5.5, weight),
            (0, 1),
            (0, height),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=5.5,
            fontweight=weight,
        )
