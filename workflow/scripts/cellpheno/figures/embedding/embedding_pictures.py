"""Draw the t-SNE map as pictures of its cells (L26, Fig. 5c)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cellpheno.figures import style
from cellpheno.figures.embedding import embedding

PLACES = 18
"""Most pictures along each side."""
SHARE = 0.92
"""Side of a picture, as a share of its place."""


def choose(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cell nearest to the centre of each place of a regular grid over the t-SNE map.

    Rows of `cells` get place_x and place_y, 0 to `PLACES` - 1.
    """
    points = cells[["tsne_1", "tsne_2"]].to_numpy(np.float64)
    if not len(points):
        return cells.assign(place_x=[], place_y=[])
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.maximum(high - low, 1e-9) * (PLACES - 1e-6)
    place = scaled.astype(int)
    away = np.square(scaled - place - 0.5).sum(axis=1)
    found = cells.assign(place_x=place[:, 0], place_y=place[:, 1], away=away)
    found = found.sort_values("away", kind="stable").drop_duplicates(["place_x", "place_y"])
    return found.drop(columns="away").reset_index(drop=True)


@style.styled
def draw(
    cells: pd.DataFrame,
    chosen: pd.DataFrame,
    crops: npt.NDArray[np.uint8],
    palette: style.Palette,
) -> Figure:
    """Draw the map by label, by call, and as crops [n, S, S, 3] of the chosen cells."""
    if chosen.empty:
        return style.message("Too few cells in the chosen splits to embed.")
    made = style.figure(style.PAGE_MM, 122)
    small, large = made.subfigures(1, 2, False, width_ratios=[1, 2.1])[0]
    looks = {name: palette[name] for name in palette.classes}
    titles = {"label": "by label", "call": "by call"}
    for axes, (column, title) in zip(small.subplots(2, 1), titles.items(), strict=True):
        embedding.draw_cells(axes, cells, "tsne", column, looks)
        axes.set_title(title)
    axes = large.subplots()
    cell: Any
    for crop, cell in zip(crops, chosen.itertuples(), strict=True):
        x, y = cell.place_x, cell.place_y
        axes.imshow(crop, extent=(x, x + SHARE, y, y + SHARE), interpolation="lanczos")
        colour = embedding.UNKNOWN if pd.isna(cell.label) else looks[cell.label]
        corner = (x, y)
        axes.add_patch(Rectangle(corner, SHARE, SHARE, fill=False, edgecolor=colour, linewidth=1.0))
    axes.set(xlim=(-0.1, PLACES), ylim=(-0.1, PLACES), xticks=[], yticks=[], aspect="equal")
    axes.set(xlabel="t-SNE 1", ylabel="t-SNE 2", title="cells by place, framed by label")
    unknown = embedding.dots({"no label": embedding.UNKNOWN})
    handles = [*palette.handles(palette.classes), *unknown]
    small.legend(handles=handles, loc="outside lower center", ncols=3, handlelength=1)
    return made
