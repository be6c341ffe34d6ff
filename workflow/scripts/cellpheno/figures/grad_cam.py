"""Where in the crop the classifier looks."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style


@style.styled
def draw(
    cells: pd.DataFrame,
    crops: npt.NDArray[np.uint8],
    maps: npt.NDArray[np.float32],
    palette: style.Palette,
) -> Figure:
    """Draw cells of each annotated class, each as the crop and as the crop with its map.

    Parameters
    ----------
    cells
        One row per explained cell: label, call, cls_score, map_row.
    crops
        [n, S, S, 3].
    maps
        [n, S, S], 0 to 1.
    palette
        Classes and colours.
    """
    if cells.empty:
        return style.message("No annotated cell was detected, so no call could be explained.")
    names = [name for name in palette.classes if (cells["label"] == name).any()]
    pairs = int(cells["label"].value_counts().max())
    side = min(22.0, (style.PAGE_MM - 10) / (2 * pairs))
    made = style.figure(
        max(2 * pairs * side + 10, style.COLUMN_MM), len(names) * (side + 4.5) + 2, images=True
    )
    places = made.subplots(len(names), 2 * pairs, squeeze=False)
    for axes in places.ravel():
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for row, name in enumerate(names):
        style.name_row(places[row, 0], name, palette[name])
        for column, cell in enumerate(cells[cells["label"] == name].itertuples()):
            pair = places[row, 2 * column : 2 * column + 2]
            _draw_pair(pair, cell, crops[cell.map_row], maps[cell.map_row])
    return made


def _draw_pair(
    pair: npt.NDArray[np.object_],
    cell: object,
    crop: npt.NDArray[np.uint8],
    heat: npt.NDArray[np.float32],
) -> None:
    plain, explained = pair
    plain.imshow(crop)
    explained.imshow(crop.mean(axis=2), cmap="gray", vmin=0, vmax=255)
    explained.imshow(heat, cmap="magma", vmin=0, vmax=1, alpha=0.25 + 0.5 * heat)
    right = cell.label == cell.call
    plain.set_title(
        f"{'' if right else '✗ '}{cell.call} {cell.cls_score:.2f}",
        fontsize=5.5,
        fontweight="normal" if right else "bold",
        color=style.INK if right else style.ALERT,
        loc="left",
        pad=2,
    )
    if not right:
        for axes in pair:
            _frame(axes)


def _frame(axes: Axes) -> None:
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=style.ALERT, linewidth=1.4)
