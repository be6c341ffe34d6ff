"""Draw cells of each class next to each other, as annotated (3A) or as called (4E)."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.images.crops import Geometry
from cellpheno.tables.columns import BOX_COLUMNS

EACH = 8
"""Most cells of a class."""
ROOM = 1.15
"""Side of a picture, as a share of the longest side of a box."""
GEOMETRY = Geometry(margin=0.0, border=0.0, size=200)
CELL_MM = 20.5
OWN = [f"own_{corner}" for corner in BOX_COLUMNS]
"""Columns of a cell's own box, after the box has become that of its picture."""
TICK = 0.25
"""Length of the marks at the corners of a cell's box, as a share of its sides."""


def choose(cells: pd.DataFrame, quality: pd.DataFrame, palette: style.Palette) -> pd.DataFrame:
    """Return random cells of each class, from as many fields as possible, in the palette's order.

    Cells near the border of their field are only taken if others do not suffice. Boxes become
    squares of one size around their centres; the original boxes are in the columns `OWN`.
    """
    order = np.random.default_rng(0).permutation(len(cells))
    drawn = cells.sort_values(["field", *BOX_COLUMNS], kind="stable").iloc[order]
    sizes = quality.set_index("field").loc[drawn["field"], ["width", "height"]]
    drawn = drawn.assign(**sizes.set_axis(drawn.index))
    drawn = drawn.assign(cut=_at_border(drawn))
    drawn = drawn.assign(turn=drawn.groupby(["class", "cut", "field"]).cumcount())
    drawn = drawn.sort_values(["cut", "turn"], kind="stable")
    chosen = [drawn[drawn["class"] == name].head(EACH) for name in palette.classes]
    return squares(pd.concat(chosen, ignore_index=True).drop(columns=["cut", "turn"]))


def squares(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells with boxes replaced by squares of one size that contain the largest of them.

    A square that would cross the border of its field (`width`, `height`) is moved inside.
    """
    boxes = cells[BOX_COLUMNS].to_numpy(np.float64)
    side = ROOM * (boxes[:, 2:] - boxes[:, :2]).max(initial=0.0)
    low = (boxes[:, :2] + boxes[:, 2:] - side) / 2
    low = np.clip(low, 0, np.maximum(0, cells[["width", "height"]].to_numpy(np.float64) - side))
    around = np.hstack([low, low + side])
    own = dict(zip(OWN, boxes.T, strict=True))
    return cells.assign(**own, **dict(zip(BOX_COLUMNS, around.T, strict=True)))


def _at_border(cells: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return whether half a box's size around each box crosses the border of the field."""
    boxes = cells[BOX_COLUMNS].to_numpy(np.float64)
    room = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)[:, None] / 2
    sizes = cells[["width", "height"]].to_numpy(np.float64)
    return ((boxes[:, :2] < room) | (boxes[:, 2:] + room > sizes)).any(axis=1)


@style.styled
def draw(cells: pd.DataFrame, crops: npt.NDArray[np.uint8], palette: style.Palette) -> Figure:
    """Draw one row of pictures, crops [n, S, S, 3], for each class.

    The cells come from `choose`; called ones also have `score` and `label` (may be missing).
    """
    if cells.empty:
        return style.message("There is no cell of any class to show.")
    names = [name for name in palette.classes if (cells["class"] == name).any()]
    columns = max(4, int(cells["class"].value_counts().max()))
    titles = 2.6 if "score" in cells else 0.0
    left = style.row_name_mm(names) + 2
    side = min(CELL_MM, (style.PAGE_MM - left) / columns)
    size = (columns * side + left, len(names) * (side + titles + 0.7) + 4)
    made = style.figure(*size, images=True)
    made.set_layout_engine("compressed", wspace=0.01, hspace=0.01, w_pad=0.015, h_pad=0.015)
    places = made.subplots(len(names), columns, squeeze=False)
    style.bare(places)
    for row, name in zip(places, names, strict=True):
        style.name_row(row[0], name, palette[name])
        there = np.flatnonzero(cells["class"] == name)
        for axes, number in zip(row, there, strict=False):
            axes.imshow(crops[number], interpolation="antialiased")
            _mark(axes, cells.iloc[number], crops.shape[1])
            if titles:
                _write_score(axes, cells.iloc[number], side)
    pixels = cells["x_max"].iloc[0] - cells["x_min"].iloc[0]
    made.supxlabel(f"each picture {pixels:.0f} × {pixels:.0f} px", x=1, ha="right", fontsize=6)
    return made


def _mark(axes: Axes, cell: pd.Series, side: int) -> None:
    """Mark the corners of the cell's own box, white on black to be visible on any picture."""
    low = cell[["x_min", "y_min"] * 2].to_numpy(np.float64)
    scale = side / (cell["x_max"] - cell["x_min"])
    left, top, right, bottom = (cell[OWN].to_numpy(np.float64) - low) * scale - 0.5
    across, down = TICK * (right - left), TICK * (bottom - top)
    for x, inward in ((left, across), (right, -across)):
        for y, upward in ((top, down), (bottom, -down)):
            for colour, width in (("black", 1.6), ("white", 0.7)):
                axes.plot([x + inward, x, x], [y, y, y + upward], color=colour, linewidth=width)
    axes.set(xlim=(-0.5, side - 0.5), ylim=(side - 0.5, -0.5))


def _write_score(axes: Axes, cell: pd.Series, side_mm: float) -> None:
    wrong = pd.notna(cell["label"]) and cell["label"] != cell["class"]
    weight = "bold" if wrong else "normal"
    title = f"{cell['score']:.2f}" + (f" ✗ {cell['label']}" if wrong else "")
    axes.set_title(
        style.fitted(title, side_mm - 0.7, 5, weight),
        fontsize=5,
        fontweight=weight,
        color=style.ALERT if wrong else style.INK,
        loc="left",
        pad=1.5,
    )
