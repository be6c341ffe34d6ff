"""Draw the fields that were set aside, with reasons and measurements of all fields (A4)."""

import textwrap
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from cellpheno.figures import style
from cellpheno.figures.images import quality as numbers

Image = npt.NDArray[np.uint8]

MOST_SHOWN = 12
COLUMNS = 3
THUMBNAIL_MM = 34
LETTERS, NAME_LETTERS = 33, 25
"""Letters of a reason below a thumbnail, and of a field's name above it."""
LINES = 7
SIDE = 400
"""Side of a thumbnail in px, as it has in print."""
PANEL_MM = 21
"""Height of the panel of a measurement."""


def choose(quality: pd.DataFrame) -> list[str]:
    """Return at most 12 fields set aside, with as many different reasons as possible."""
    bad = quality[quality["verdict"] != "ok"]
    kinds = bad["verdict"].str.split(":").str[0]
    turn = bad.groupby(kinds).cumcount().sort_values(kind="stable")
    return bad.loc[sorted(turn.index[:MOST_SHOWN]), "field"].tolist()


def thumbnail(image: Image) -> Image:
    """Return an image [height, width, 3] shrunk until its longer side has at most 400 px."""
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(scale * width)), max(1, round(scale * height))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


@style.styled
def draw(
    quality: pd.DataFrame,
    limits: pd.DataFrame,
    channels: Sequence[str],
    images: Mapping[str, Image],
) -> Figure:
    """Draw the fields set aside with their reasons, next to the measurements of all fields.

    `images` are thumbnails [height, width, 3] of the chosen fields that could be converted.
    """
    if quality.empty:
        return style.message("The sample sheet has no fields.")
    chosen, shown = choose(quality), numbers.judged_numbers(limits)
    if not chosen:
        made = style.figure(style.COLUMN_MM, len(shown) * PANEL_MM + 17)
        made.suptitle(_title(quality, 0), x=0.01, ha="left", fontsize=7.5, fontweight="bold")
        _draw_numbers(made, quality, limits, channels, shown)
        return made
    rows = -(-len(chosen) // COLUMNS)
    height = max(rows * (THUMBNAIL_MM + 18), len(shown) * PANEL_MM + 12) + 5
    made = style.figure(style.PAGE_MM, height)
    left, right = made.subfigures(1, 2, False, width_ratios=(COLUMNS * THUMBNAIL_MM + 6, 64))[0]
    reasons = quality.set_index("field")["verdict"]
    _draw_fields(left, [(field, reasons[field], images.get(field)) for field in chosen], rows)
    left.suptitle(_title(quality, len(chosen)), x=0.01, ha="left", fontsize=7.5, fontweight="bold")
    right.suptitle(
        "all fields (× set aside, – – limit)", x=0.06, ha="left", fontsize=7.5, fontweight="bold"
    )
    _draw_numbers(right, quality, limits, channels, shown)
    return made


def _title(quality: pd.DataFrame, shown: int) -> str:
    bad = int((quality["verdict"] != "ok").sum())
    if not bad:
        return f"No field was set aside: all {len(quality):,} are used."
    more = f"; {shown} shown and {bad - shown:,} more in qc/fields.tsv" if bad > shown else ""
    return f"{bad:,} of {len(quality):,} fields set aside{more}"


def _draw_fields(
    part: SubFigure, fields: Sequence[tuple[str, str, Image | None]], rows: int
) -> None:
    places = part.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes in places:
        axes.set_axis_off()
        axes.set_anchor("N")
    for axes, (field, reason, image) in zip(places, fields, strict=False):
        _draw_field(axes, field, reason, image)


def _draw_field(axes: Axes, field: str, reason: str, image: Image | None) -> None:
    if image is None:
        image = np.full((4, 5, 3), 217, np.uint8)
        axes.text(2, 1.5, "no image", ha="center", va="center", color=style.INK, fontsize=6)
    axes.imshow(image, interpolation="antialiased")
    name = textwrap.wrap(field, NAME_LETTERS, break_on_hyphens=False)
    lines = textwrap.wrap(reason, LETTERS, max_lines=LINES, placeholder=" …")
    axes.set_title("\n".join(name), fontsize=6, loc="left", pad=2)
    axes.annotate(
        "\n".join(lines),
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -3),
        textcoords="offset points",
        va="top",
        fontsize=5.5,
        linespacing=1.15,
    )


def _draw_numbers(
    part: Figure | SubFigure,
    quality: pd.DataFrame,
    limits: pd.DataFrame,
    channels: Sequence[str],
    shown: Sequence[numbers.Number],
) -> None:
    places = part.subplots(len(shown), 1, squeeze=False, sharex=True).ravel()
    everything = np.ones(len(quality), bool)
    for axes, number in zip(places, shown, strict=True):
        strips = [(everything, channel) for channel in channels]
        numbers.draw_panel(axes, quality, limits, number, strips)
        axes.set_ylabel(number.name)
    style.name_ticks(places[-1], channels, room=34)
