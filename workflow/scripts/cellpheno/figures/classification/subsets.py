"""Draw the networks' results on each cell line, plate or patient, with an example (S5, A42)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.classification.subsets import DETECTED, MEAN, SD
from cellpheno.figures import style
from cellpheno.figures.annotations.annotated_fields import median_side
from cellpheno.tables.columns import BOX_COLUMNS

MOST_PICTURED = 8
"""With more subsets, no examples are drawn."""
MOST_SHOWN = 40
PIECE_MM = (54.0, 19.0)
CELL_MM = 5.0
"""Width on paper of a cell of median size; all examples have the same scale."""
DETECTION = {
    "recall@0.5": "recall\nIoU 0.5",
    "precision@0.5": "precision\nIoU 0.5",
    "f1@0.5": "F1\nIoU 0.5",
}

Subset = tuple[str, str]
"""Column of the sample sheet, and its value."""


@dataclasses.dataclass(frozen=True)
class Example:
    """One field of a subset."""

    image: npt.NDArray[np.uint8]
    """[height, width, 3]."""
    boxes: pd.DataFrame
    """Annotated cells."""
    cells: pd.DataFrame
    """Called cells."""


def choose(subsets: Mapping[Subset, Sequence[str]], boxes: pd.DataFrame) -> dict[Subset, str]:
    """Return the field of each subset with the number of annotated cells nearest to its median.

    It is empty if there are too many subsets to show an example of each.
    """
    if len(subsets) > MOST_PICTURED:
        return {}
    number = boxes.groupby("field").size()
    chosen = {}
    for subset, fields in subsets.items():
        counts = number.reindex(sorted(fields)).fillna(0)
        chosen[subset] = str((counts - counts.median()).abs().idxmin())
    return chosen


@style.styled
def draw(
    metrics: pd.DataFrame, examples: Mapping[Subset, Example], palette: style.Palette
) -> Figure:
    """Draw detection and classification of every subset in a row, with 95 % intervals.

    Without `examples`, a field of each subset, no pictures are drawn.
    """
    found = [tuple(row) for row in metrics[["column", "subset"]].drop_duplicates().to_numpy()]
    subsets = found[:MOST_SHOWN]
    if not subsets:
        return style.message("No annotated field is left that the networks have not seen.")
    panels = _panels(palette)
    height = PIECE_MM[1] + 3 if examples else 7
    made = style.figure(style.PAGE_MM, 22 + height * len(subsets))
    widths = ([3.2] if examples else []) + [1.0] * len(panels)
    places = made.subplots(len(subsets), len(widths), squeeze=False, width_ratios=widths)
    boxes = [example.boxes for example in examples.values() if len(example.boxes)]
    side = median_side(pd.concat(boxes)) if boxes else 50.0
    for row, subset in enumerate(subsets):
        part = metrics[(metrics["column"] == subset[0]) & (metrics["subset"] == subset[1])]
        places[row, 0].set_ylabel(_label(subset, part, found), rotation=0, ha="right", va="center")
        if examples:
            draw_piece(places[row, 0], examples.get(subset), side, palette.negative)
        for axes, panel in zip(places[row, len(widths) - len(panels) :], panels, strict=True):
            draw_metric(axes, part, *panel, first=row == 0, last=row == len(subsets) - 1)
    style.say_units(made, metrics[metrics["metric"].isin([panel[1] for panel in panels])])
    if len(found) > len(subsets):
        made.supxlabel(f"{len(found) - len(subsets)} more in metrics/subsets.tsv", fontsize=6)
    return made


def _panels(palette: style.Palette) -> list[tuple[str, str, str]]:
    """Return class, metric and title of each panel.

    Target cells are the first group of classes, or the only class that is not negative; without
    either, means over all classes are shown. A single class is only detected.
    """
    panels = [("all", metric, title) for metric, title in DETECTION.items()]
    if len(palette.classes) == 1:
        return panels
    special = next(iter(palette.groups), None)
    if special is None and len(palette.positives) == 1:
        special = palette.positives[0]
    if special is None:
        more = [("all", "balanced_accuracy", "mean\nsensitivity"), ("all", "mean_auc", "mean\nAUC")]
    else:
        more = [(special, "sensitivity", f"sensitivity\n{special}")]
        more += [(special, "auc", f"AUC\n{special}")]
    return [*panels, *more]


def _label(subset: Subset, part: pd.DataFrame, found: Sequence[Subset]) -> str:
    several = len({column for column, _ in found}) > 1
    name = f"{subset[0]} {subset[1]}" if several else subset[1]
    whole = part[part["task"] == "detection"].iloc[0]
    fields = f"{whole['n_fields']} field{'s' if whole['n_fields'] > 1 else ''}"
    boxes = part.loc[part["metric"] == DETECTED, "value"]
    boxed = f"\n{boxes.iloc[0]:.0f} boxes found" if len(boxes) else ""
    return f"{name}\n{fields}, {whole['n']} cells{boxed}"


def draw_metric(
    axes: Axes, part: pd.DataFrame, name: str, metric: str, title: str, first: bool, last: bool
) -> None:
    """Draw a metric of one subset as a point with its interval, and the number.

    Below it are mean and standard deviation over fields, if they were measured one by one.
    """
    chosen = part[(part["class"] == name) & (part["metric"] == metric)]
    value, low, high = chosen[["value", "ci_low", "ci_high"]].iloc[0] if len(chosen) else [None] * 3
    if pd.isna(value):
        axes.text(0.5, 0, "none", ha="center", va="center")
    else:
        low, high = (value if pd.isna(end) else end for end in (low, high))
        axes.hlines(0, low, high, color=style.OKABE_ITO[0], linewidth=1.2)
        axes.plot(value, 0, "o", color=style.OKABE_ITO[0], markersize=4, clip_on=False)
        place, side = (low - 0.08, "right") if value > 0.5 else (high + 0.08, "left")
        axes.text(place, 0, f"{value:.3f}", ha=side, va="center")
    _draw_fields(axes, part, metric)
    axes.set(xlim=(-0.04, 1.04), ylim=(-1, 1), yticks=[], xticks=[0, 0.5, 1])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(last)
    axes.tick_params(bottom=last, labelbottom=last)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.5)
    axes.set_axisbelow(True)
    if first:
        axes.set_title(title)


def _draw_fields(axes: Axes, part: pd.DataFrame, metric: str) -> None:
    values = part.drop_duplicates("metric").set_index("metric")["value"]
    mean, sd = values.get(metric + MEAN, np.nan), values.get(metric + SD, np.nan)
    if pd.isna(mean):
        return
    spread = 0.0 if pd.isna(sd) else sd
    axes.hlines(-0.6, mean - spread, mean + spread, color=style.NEGATIVE, linewidth=0.8)
    axes.plot(mean, -0.6, "D", color="white", mec=style.NEGATIVE, markersize=3, clip_on=False)


def draw_piece(axes: Axes, example: Example | None, side: float, negative: str | None) -> None:
    """Draw the part of a field with most positive cells; the colour shows wrong calls."""
    style.bare(axes)
    if example is None:
        return
    size = np.array(PIECE_MM) / CELL_MM * side
    x, y = _corner(example, size, negative)
    axes.imshow(example.image, interpolation="lanczos")
    axes.set_xlim(x - 0.5, x + size[0] - 0.5)
    axes.set_ylim(y + size[1] - 0.5, y - 0.5)
    cell: Any
    for cell in example.cells.itertuples():
        colour = "white" if cell.call == cell.label else style.ALERT
        style.draw_box(axes, cell, fill=False, edgecolor=colour, lw=0.8)


def _corner(
    example: Example, size: npt.NDArray[np.float64], negative: str | None
) -> npt.NDArray[np.float64]:
    """Return the upper left corner of the window, x and y, px."""
    whole = np.array(example.image.shape[1::-1])
    special = example.boxes[example.boxes["label"] != negative]
    chosen = special if len(special) else example.boxes
    corners = chosen[BOX_COLUMNS].to_numpy(np.float64)
    middles = (corners[:, :2] + corners[:, 2:]) / 2
    if not len(middles):
        middles = whole[None] / 2
    places = np.clip(middles - size / 2, 0, np.maximum(whole - size, 0))
    away = np.abs(middles[None] - places[:, None] - size / 2)
    return places[int(np.argmax((away < 0.45 * size).all(axis=2).sum(axis=1)))]
