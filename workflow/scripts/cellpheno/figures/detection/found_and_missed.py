"""Draw annotated fields next to what the detector found, missed and invented (2A, 2B)."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.typing import LineStyleType

from cellpheno.core import boxes as geometry
from cellpheno.figures import style
from cellpheno.figures.annotations import annotated_fields
from cellpheno.labels.from_annotations import MIN_IOU
from cellpheno.tables.columns import BOX_COLUMNS

MOST_FIELDS = 2
HELD_OUT_FIRST = ("test", "val", "train")
LOOKS: dict[str, tuple[str, LineStyleType]] = {
    "found": ("#FFFFFF", "-"),
    "missed": ("#FFD400", "--"),
    "false": ("#FF4FD8", ":"),
}
"""Colours and lines of boxes on a dark image, distinguishable without colour too."""

ON_DARK = {"frameon": True, "facecolor": "#444444", "labelcolor": "white", "handleheight": 1.2}


@dataclasses.dataclass(frozen=True)
class Example:
    """An annotated field and the boxes that count as cells in it."""

    field: str
    split: str
    image: npt.NDArray[np.uint8]
    """[height, width, 3]."""
    annotated: pd.DataFrame
    """Rows of the boxes table."""
    detected: pd.DataFrame
    """Rows of the detections table."""
    alone: npt.NDArray[np.uint8] | None = None
    """[height, width] of a channel that `image` lacks, such as bright field."""


def choose(annotated: pd.DataFrame, quality: pd.DataFrame, splits: pd.DataFrame) -> list[str]:
    """Return typical annotated fields, if possible ones that the detector has not learned from.

    For at most two conditions, the field with the number of cells nearest to its median.
    """
    number = annotated.groupby("field").size().rename("n")
    fields = splits.merge(quality[["field", "condition"]], on="field").merge(number, on="field")
    for split in HELD_OUT_FIRST:
        there = fields[fields["split"] == split]
        if len(there):
            middle = there.groupby("condition")["n"].transform("median")
            there = there.assign(distance=(there["n"] - middle).abs())
            there = there.sort_values(["distance", "field"], kind="stable")
            return there.drop_duplicates("condition")["field"].head(MOST_FIELDS).tolist()
    return []


def judge(example: Example) -> dict[str, pd.DataFrame]:
    """Return the boxes of a field that are found (as detected), missed and false (A21)."""
    found = geometry.match(
        example.detected[BOX_COLUMNS].to_numpy(np.float64),
        example.detected["score"].to_numpy(np.float64),
        example.annotated[BOX_COLUMNS].to_numpy(np.float64),
        MIN_IOU,
    )
    missed = ~np.isin(np.arange(len(example.annotated)), found)
    return {
        "found": example.detected[found >= 0],
        "missed": example.annotated[missed],
        "false": example.detected[found < 0],
    }


@style.styled
def draw(examples: Sequence[Example], palette: style.Palette, channel: str = "") -> Figure:
    """Draw each field as annotated, and with the detector's results.

    Large fields are cropped to their centre; the numbers are those of the whole field. `channel`
    names the one in `Example.alone`, if any, which is drawn as annotated too.
    """
    if not examples:
        return style.message("No field with annotated cells passed quality control.")
    sides = [annotated_fields.median_side(one.annotated) for one in examples]
    columns = 3 if channel else 2
    panel_mm = style.PAGE_MM / columns
    window = panel_mm / annotated_fields.BOX_MM * float(np.median(sides))
    ratio = max(one.image.shape[0] / one.image.shape[1] for one in examples)
    height = len(examples) * (panel_mm * ratio + 7) + 9
    made = style.figure(style.PAGE_MM, height, images=True)
    places = made.subplots(len(examples), columns, squeeze=False)
    for row, example in zip(places, examples, strict=True):
        _draw_example(row[-2:], example, palette, window)
        if channel:
            grey = np.repeat(np.asarray(example.alone)[..., None], 3, axis=2)
            annotated_fields.show(row[0], grey, window)
            row[0].set_title(f"{channel}, annotated", loc="left")
            _draw_annotated(row[0], example, palette)
    ncols = style.columns(palette.classes, 4, 100)
    palette.legend(made, palette.classes, "outside lower left", ncols)
    handles = [
        Patch(fill=False, edgecolor=colour, linestyle=line, linewidth=1.2, label=name)
        for name, (colour, line) in LOOKS.items()
    ]
    made.legend(handles=handles, loc="outside lower right", ncols=3, handlelength=3, **ON_DARK)
    return made


def _draw_example(
    row: npt.NDArray[np.object_], example: Example, palette: style.Palette, window: float
) -> None:
    left, right = row
    for axes in row:
        annotated_fields.show(axes, example.image, window)
    _draw_annotated(left, example, palette)
    outcomes = judge(example)
    for name, boxes in outcomes.items():
        _draw_boxes(right, boxes, *LOOKS[name])
    left.set_title(f"{len(example.annotated):,} annotated", loc="left")
    left.set_title(f"{example.field} ({example.split})", loc="right", fontsize=5.5, weight="normal")
    numbers = [f"{len(boxes):,} {name}" for name, boxes in outcomes.items()]
    right.set_title(", ".join(numbers), loc="left")


def _draw_annotated(axes: Axes, example: Example, palette: style.Palette) -> None:
    for name, boxes in example.annotated.groupby("label"):
        _draw_boxes(axes, boxes, palette[str(name)], "-")


def _draw_boxes(axes: Axes, boxes: pd.DataFrame, colour: str, line: LineStyleType) -> None:
    for box in boxes.itertuples():
        style.draw_box(axes, box, fill=False, edgecolor=colour, linestyle=line, linewidth=1.1)
