"""Draw t-SNE and UMAP of the classifier's features (5A to 5C)."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellpheno.figures import style

UNKNOWN = "#DDDDDD"
SPLITS = {"train": "#88CCEE", "val": "#999933", "test": "#882255"}
METHODS = {"tsne": "t-SNE", "umap": "UMAP"}

Marker = Callable[[str], str]
"""Returns the shape of the dots of a name."""


@style.styled
def draw(cells: pd.DataFrame, palette: style.Palette) -> Figure:
    """Draw both embeddings, coloured by annotated class, by call and by condition.

    A single condition has no panel. If cells of `train` are among others, another panel shows how
    they overlap.
    """
    if cells.empty:
        return style.message("Too few cells in the chosen splits to embed.")
    colours = palette.of_conditions(cells["condition"])
    classes = {name: palette[name] for name in palette.classes}
    columns = {
        "label": ("annotated class", classes),
        "call": ("called class", classes),
    }
    if len(colours) > 1:
        columns["condition"] = ("condition", colours)
    splits = {name: SPLITS[name] for name in SPLITS if (cells["split"] == name).any()}
    if "train" in splits and len(splits) > 1:
        columns["split"] = ("split", splits)
        cells = cells.assign(split=cells["split"].where(cells["split"].isin(splits)))
    made = style.figure(style.PAGE_MM, 140 if len(columns) <= 3 else 114)
    places = made.subplots(2, len(columns))
    for row, method in zip(places, METHODS, strict=True):
        for axes, (column, (title, looks)) in zip(row, columns.items(), strict=True):
            draw_cells(axes, cells, method, column, looks, palette.marker)
            if method == "tsne":
                axes.set_title(title)
    known = cells["label"].notna()
    places[0, 0].set_title(f"annotated class\n({known.sum():,} of {len(cells):,} cells)")
    handles = dots(classes | {"not annotated": UNKNOWN}, palette.marker)
    ncols = style.columns(classes, 4, 110)
    made.legend(handles=handles, loc="outside lower left", ncols=ncols, handlelength=1)
    if "condition" in columns:
        ncols = style.columns(colours, 2, 65)
        made.legend(handles=dots(colours), loc="outside lower right", ncols=ncols, handlelength=1)
    if "split" in columns:
        places[0, -1].legend(handles=dots(splits), handlelength=1, **ABOVE)
        places[0, -1].set_title("split", pad=19)  # above the legend
    return made


ABOVE = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 3, "columnspacing": 0.8}


def one_marker(_: str) -> str:
    """Return the same marker for every name."""
    return "o"


def dots(colours: Mapping[str, str], marker: Marker = one_marker) -> list[Line2D]:
    """Return handles for a legend of dots."""
    return [
        Line2D([], [], marker=marker(name), linestyle="", color=colour, label=name, markersize=4)
        for name, colour in colours.items()
    ]


def draw_cells(
    axes: Axes,
    cells: pd.DataFrame,
    method: str,
    column: str,
    colours: Mapping[str, str],
    marker: Marker = one_marker,
) -> None:
    """Draw cells by a method (a key of `METHODS`), coloured and shaped by a column's values."""
    size = float(np.clip(3000 / len(cells), 0.6, 9))
    for part, factor in _layers(cells, column):
        shapes = part[column].fillna("").map(marker)
        for shape in shapes.unique():
            own = part[shapes == shape]
            axes.scatter(
                own[f"{method}_1"],
                own[f"{method}_2"],
                s=size * factor,
                c=own[column].map(colours).fillna(UNKNOWN),
                marker=shape,
                linewidths=0,
                rasterized=True,
            )
    axes.set(xlabel=f"{METHODS[method]} 1", ylabel=f"{METHODS[method]} 2", xticks=[], yticks=[])
    axes.set_box_aspect(1)


def _layers(cells: pd.DataFrame, column: str) -> Sequence[tuple[pd.DataFrame, float]]:
    """Return unknown cells, and above them all others in random order, with their dot sizes."""
    known = cells[cells[column].notna()]
    shuffled = known.iloc[np.random.default_rng(0).permutation(len(known))]
    larger = 2.5 if len(known) < len(cells) else 1.0
    unknown = cells[cells[column].isna()]
    return [(unknown, 1.0), (shuffled, larger)]
