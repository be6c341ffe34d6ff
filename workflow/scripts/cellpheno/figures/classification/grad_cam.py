"""Draw where in the crop the classifier looks."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

HEADINGS = {
    "surest": "surest right calls",
    "by chance": "drawn by chance",
    "wrong": "further wrong calls",
}
"""Headings of the kinds of cells from `gradcam.choose`, in order."""
GAP = 0.25
"""Gap between two kinds, in widths of a picture."""


def columns(cells: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the kind of each column of cells, and its number within the kind."""
    counts = cells.groupby(["label", "kind"]).size().groupby("kind").max()
    return [(kind, n) for kind in HEADINGS for n in range(counts.get(kind, 0))]


def grid(
    made: Figure, rows: int, kinds: list[tuple[str, int]], each: int
) -> npt.NDArray[np.object_]:
    """Return axes [rows, columns, each] for pictures, with a heading for each kind and gaps.

    `kinds` comes from `columns`; a cell has `each` pictures next to each other.
    """
    widths: list[float] = []
    pictures: list[int] = []
    for _, number in kinds:
        if number == 0 and widths:
            widths.append(GAP)
        pictures += range(len(widths), len(widths) + each)
        widths += [1.0] * each
    places = made.subplots(rows, len(widths), squeeze=False, width_ratios=widths)
    style.bare(places)
    for axes in places.ravel():
        axes.patch.set_visible(False)
    for axes in places[:, pictures].ravel():
        axes.set_box_aspect(1)
    places = places[:, pictures].reshape(rows, len(kinds), each)
    for axes, (kind, number) in zip(places[0, :, 0], kinds, strict=True):
        if number == 0:
            heading = {"xytext": (0, 11), "textcoords": "offset points", "fontsize": 6.5}
            text = axes.annotate(HEADINGS[kind], (0, 1), xycoords="axes fraction", **heading)
            text.set_in_layout(False)  # else the first picture would move away from its map
    made.suptitle(" ", fontsize=6.5)  # makes room for the headings
    return places


@style.styled
def draw(
    cells: pd.DataFrame,
    crops: npt.NDArray[np.uint8],
    maps: npt.NDArray[np.float32],
    resolution: str,
    palette: style.Palette,
) -> Figure:
    """Draw cells of each annotated class, each as the crop and as the crop with its map.

    Cells have label, call, cls_score, kind and map_row, the row in crops [n, S, S, 3] and maps
    [n, S, S], 0 to 1. `resolution` describes the maps.
    """
    if cells.empty:
        return style.message("No annotated cell was detected, so no call could be explained.")
    names = [name for name in palette.classes if (cells["label"] == name).any()]
    kinds = columns(cells)
    left = style.row_name_mm(names) + 3
    side = min(22.0, (style.PAGE_MM - left) / (2 * len(kinds) + 2 * GAP))
    width = max((2 * len(kinds) + 2 * GAP) * side + left, style.COLUMN_MM)
    made = style.figure(width, len(names) * (side + 4.5) + 10, images=True)
    places = grid(made, len(names), kinds, 2)
    for row, name in enumerate(names):
        style.name_row(places[row, 0, 0], name, palette[name])
        for kind, of_kind in cells[cells["label"] == name].groupby("kind"):
            cell: Any
            for number, cell in enumerate(of_kind.itertuples()):
                pair = places[row, kinds.index((str(kind), number))]
                _draw_pair(pair, cell, crops[cell.map_row], maps[cell.map_row], side)
    made.supxlabel(f"Maps of {resolution}", fontsize=6)
    return made


def _draw_pair(
    pair: npt.NDArray[np.object_],
    cell: Any,
    crop: npt.NDArray[np.uint8],
    heat: npt.NDArray[np.float32],
    side_mm: float,
) -> None:
    plain, explained = pair
    plain.imshow(crop)
    explained.imshow(crop.mean(axis=2), cmap="gray", vmin=0, vmax=255)
    explained.imshow(heat, cmap="magma", vmin=0, vmax=1, alpha=0.25 + 0.5 * heat)
    right = cell.label == cell.call
    weight = "normal" if right else "bold"
    for axes, title in (
        (plain, f"{'' if right else '✗ '}{cell.cls_score:.2f}"),
        (explained, cell.call),
    ):
        axes.set_title(
            style.fitted(title, side_mm - 1, 5.5, weight),
            fontsize=5.5,
            fontweight=weight,
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
