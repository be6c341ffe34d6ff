"""Cut annotated fields into tiles for the training of a detector (A13)."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cellpheno.core import boxes as geometry

Image = npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Tile:
    """A part of a field, and the cells that it shows."""

    row: int
    column: int
    x: int
    """Left edge in the field, px."""
    y: int
    """Top edge in the field, px."""
    image: Image
    """uint8 [height, width, channels]."""
    boxes: geometry.Array
    """[n, 4] px of the tile, clipped to it."""
    cells: npt.NDArray[np.int64]
    """[n] rows of the field's boxes."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """The config's section `tiles`."""

    rows: int
    columns: int
    min_visible: float
    """Least share of a cell's box inside a tile for it to count there."""


def grid(height: int, width: int, rows: int, columns: int) -> list[tuple[int, int, int, int]]:
    """Divide a field into tiles that cover it without overlap, whatever its size.

    Returns x_min, y_min, x_max, y_max px of each tile, row by row; sizes differ by at most 1 px.
    """
    down = np.linspace(0, height, rows + 1).round().astype(int).tolist()
    across = np.linspace(0, width, columns + 1).round().astype(int).tolist()
    return [
        (left, top, right, bottom)
        for top, bottom in itertools.pairwise(down)
        for left, right in itertools.pairwise(across)
    ]


def visible(
    boxes: geometry.Array, tile: tuple[int, int, int, int], min_visible: float
) -> tuple[geometry.Array, npt.NDArray[np.int64]]:
    """Return the boxes that a tile shows, clipped to it and in its pixels, and their rows.

    `min_visible` is the least share of a box's area inside the tile; at 0 touching is not enough.
    """
    x_min, y_min, x_max, y_max = tile
    moved = boxes - np.array([x_min, y_min, x_min, y_min])
    inside = geometry.clip(moved, x_max - x_min, y_max - y_min)
    shown = geometry.area(inside)
    rows = np.flatnonzero((shown > 0) & (shown >= min_visible * geometry.area(boxes)))
    return inside[rows], rows


def cut(image: Image, boxes: geometry.Array, settings: Settings) -> Iterator[Tile]:
    """Cut a field and its boxes into tiles, row by row, including tiles without cells."""
    height, width = image.shape[:2]
    for number, tile in enumerate(grid(height, width, settings.rows, settings.columns)):
        x_min, y_min, x_max, y_max = tile
        kept, cells = visible(boxes, tile, settings.min_visible)
        row, column = divmod(number, settings.columns)
        yield Tile(row, column, x_min, y_min, image[y_min:y_max, x_min:x_max], kept, cells)
