"""Draw fields with a coloured box and a score for every called cell (A45 to A47)."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.typing import LineStyleType

from cellpheno.figures import style
from cellpheno.splits.usable_fields import in_splits

MOST_PANELS = 12
BOX_MM = 5.0
"""Least width on paper of a cell of median size: the field is cropped to reach it."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """A field with its condition, composite image and called cells."""

    field: str
    condition: str
    image: npt.NDArray[np.uint8]
    """[height, width, 3]."""
    cells: pd.DataFrame


def choose(
    cells: pd.DataFrame,
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    wanted: Sequence[str],
    without: Sequence[str] = (),
) -> list[str]:
    """Return fields of each condition with a number of cells near its median.

    One field for each condition, or a few if there are few conditions, from the splits `wanted` and
    without the conditions `without`.
    """
    fields = in_splits(quality, splits, wanted, without)
    number = cells.groupby("field").size()
    fields = fields.assign(n=number.reindex(fields["field"]).fillna(0).to_numpy())
    distance = (fields["n"] - fields.groupby("condition")["n"].transform("median")).abs()
    fields = fields.assign(distance=distance).sort_values(["distance", "field"], kind="stable")
    conditions = quality.loc[quality["condition"].isin(fields["condition"]), "condition"].unique()
    each = max(1, 6 // max(1, len(conditions)))
    chosen = [fields.loc[fields["condition"] == name, "field"].head(each) for name in conditions]
    return [field for some in chosen for field in some][:MOST_PANELS]


@style.styled
def draw(panels: Sequence[Panel], palette: style.Palette) -> Figure:
    """Draw fields next to each other, with the number of cells of each class above.

    Large fields are cropped to their centre; the numbers are those of the whole field.
    """
    if not panels:
        return style.message(
            "No usable field lies in statistics.splits: see splits.tsv and qc/fields.tsv."
        )
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    panel_mm = style.PAGE_MM / columns
    sides = [median_side(panel.cells) for panel in panels if len(panel.cells)]
    window = panel_mm / BOX_MM * float(np.median(sides)) if sides else np.inf
    ratio = max(panel.image.shape[0] / panel.image.shape[1] for panel in panels)
    made = style.figure(style.PAGE_MM, rows * (panel_mm * ratio + 10) + 7, images=True)
    places = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, panel in zip(places, panels, strict=False):
        _draw_panel(axes, panel, palette, window)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    names = palette.classes
    palette.legend(made, names, "outside lower center", style.columns(names))
    return made


def median_side(cells: pd.DataFrame) -> float:
    """Return the side in pixels of a square as large as the median box."""
    area = (cells["x_max"] - cells["x_min"]) * (cells["y_max"] - cells["y_min"])
    return float(np.sqrt(area).median())


def show(axes: Axes, image: npt.NDArray[np.uint8], window: float) -> None:
    """Show a field [height, width, 3], cut to its centre if it is wider than `window` pixels."""
    height, width = image.shape[:2]
    scale = min(1.0, window / width)
    axes.imshow(image, interpolation="lanczos")
    axes.set_xlim(width / 2 * (1 - scale) - 0.5, width / 2 * (1 + scale) - 0.5)
    axes.set_ylim(height / 2 * (1 + scale) - 0.5, height / 2 * (1 - scale) - 0.5)
    axes.set_axis_off()


def _draw_panel(axes: Axes, panel: Panel, palette: style.Palette, window: float) -> None:
    show(axes, panel.image, window)
    axes.set_title(panel.condition, loc="left", pad=13)
    numbers = panel.cells["call"].value_counts()
    for row, name in enumerate(palette.classes):
        axes.annotate(
            str(numbers.get(name, 0)),
            ((row + 0.1) / len(palette.classes), 1),
            (0, 4.5),
            xycoords="axes fraction",
            textcoords="offset points",
            color=style.ink_on(palette[name]),
            fontsize=6,
            bbox={"boxstyle": "square,pad=0.25", "facecolor": palette[name], "linewidth": 0},
        )
    cell: Any
    for cell in _largest_first(panel.cells).itertuples():
        _draw_cell(axes, cell, palette[cell.call], palette.line(cell.call))
    below: dict[str, Any] = {
        "transform": axes.transAxes,
        "fontsize": 5.5,
        "ha": "right",
        "va": "top",
    }
    axes.text(1, -0.01, panel.field, **below)


def _largest_first(cells: pd.DataFrame) -> pd.DataFrame:
    area = (cells["x_max"] - cells["x_min"]) * (cells["y_max"] - cells["y_min"])
    return cells.loc[area.sort_values(ascending=False, kind="stable").index]


def _draw_cell(axes: Axes, cell: Any, colour: str, line: LineStyleType) -> None:
    style.draw_box(axes, cell, fill=False, edgecolor=colour, ls=line, lw=0.8)
    axes.annotate(
        score_label(cell.score),
        (cell.x_min - 0.5, cell.y_min - 0.5),
        xytext=(1, -1),
        textcoords="offset points",
        va="top",
        color="white",
        fontsize=4.5,
        clip_on=True,
        annotation_clip=True,
        path_effects=[withStroke(linewidth=1.1, foreground="black")],
    )


def score_label(score: float) -> str:
    """Return the text of a score on a box: two decimals, 0 below 0.01 (A47)."""
    return "0" if score < 0.01 else f"{score:.2f}".removeprefix("0")
