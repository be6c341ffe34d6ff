"""Instance masks: one image per field of view, in which every cell has a value of its own."""

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellpheno.annotations.documents import shown
from cellpheno.annotations.regions import AnnotatedImage, Note, Region
from cellpheno.core.errors import StudyError
from cellpheno.images.reading import picture_metadata, tiff
from cellpheno.images.reading.planes import check_size, refusing

_DIRECT = 2**16
"""Masks with larger values are renumbered first: a table of all values would not fit."""
_SPREAD = 100
"""Boxes that together are as many times as large as the mask are those of a picture's values."""

_MAIN = 0.75
"""Share of its pixels below which the largest piece of a value is not the cell itself."""


def read(path: Path, suffix: str) -> AnnotatedImage:
    """Read a mask; it is a field that was annotated, with cells or without.

    The value 0 is background, every other value one cell, in however many pieces. The box is
    half-open, the area the number of pixels. A palette's numbers count and not its colours.

    Parameters
    ----------
    path
        PNG or TIFF with 8, 16 or 32 bits.
    suffix
        What the file's name has behind that of the field, such as `_MaskNuclei`.

    Raises
    ------
    StudyError
        When the file cannot be read, holds several channels or numbers with a point, or tells
        cells from background only and not from each other.
    """
    mask = pixels(path)
    regions, in_pieces, scattered = _regions(mask)
    if 2 * scattered > len(regions):
        raise StudyError(
            f"{shown(path)} is no mask of numbered cells: {scattered} of its {len(regions)} "
            "values beside 0 lie in separate pieces, as in a picture, or in a mask that tells "
            "cells from background only; save a mask in which every cell has its own value."
        )
    notes = []
    if in_pieces:
        pieces = len(in_pieces), *in_pieces[:1]
        notes.append(Note("cell in several pieces", "counts as one cell", *pieces))
    if mask.min() > 0:
        lowest = f"value {mask.min()}"
        notes.append(Note("mask without background 0", "every value is a cell", 1, lowest))
    height, width = mask.shape
    return AnnotatedImage(
        shown(path.stem.removesuffix(suffix)),
        regions,
        shown(path),
        size=(width, height),
        notes=tuple(notes),
    )


def pixels(path: Path) -> npt.NDArray[Any]:
    """Return the values of a mask, [height, width], whole numbers from 0.

    Raises
    ------
    StudyError
        When the file cannot be read, holds several channels or numbers with a point.
    """
    return _checked(_pixels(path), path)


def places(mask: npt.NDArray[Any]) -> list[tuple[int, tuple[slice, slice]]]:
    """Return each value of a mask beside 0, in order, with the rows and columns that it covers."""
    values, numbered = np.unique(mask, return_inverse=True)
    found = ndimage.find_objects(numbered.reshape(mask.shape) + 1)
    return [
        (int(value), place)
        for value, place in zip(values, found, strict=True)
        if value and place is not None
    ]


def _pixels(path: Path) -> npt.NDArray[Any]:
    """Return what a file holds, [height, width] where it is one plane."""
    try:
        handle = path.open("rb")
    except OSError as error:
        raise StudyError(f"{path} cannot be read as a mask: {error.strerror}.") from error
    with handle:
        return _png(path, handle) if path.suffix.lower() == ".png" else _tiff(path, handle)


def _png(path: Path, handle: BinaryIO) -> npt.NDArray[Any]:
    content = handle.read()
    pixels = io.BytesIO(picture_metadata.without(content))
    # Pillow, because OpenCV gives a palette's colours
    with refusing(path, "a mask in PNG"), picture_metadata.opened(pixels, ("PNG",)) as picture:
        check_size(path, picture.height, picture.width)
        picture_metadata.check(path, content)
        return np.asarray(picture)


def _tiff(path: Path, handle: BinaryIO) -> npt.NDArray[Any]:
    with tiff.opened(path, handle) as planes:
        if len(planes.default) != 1 or planes.depth > 1:
            raise StudyError(
                f"{path} holds several channels or pages, but a mask is one plane of numbers; save "
                "it as one grey plane."
            )
        return planes.read(planes.default[0], 0)


def _checked(mask: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    """Return a mask [height, width] of whole numbers from 0."""
    if mask.ndim != 2:
        raise StudyError(
            f"{path} holds {mask.shape[-1]} channels, but a mask is one plane of numbers; save it "
            "without colours."
        )
    if mask.dtype.kind not in "bui":
        raise StudyError(
            f"{shown(path)} holds {mask.dtype} values; save the mask with whole numbers, of 8, 16 "
            "or 32 bits."
        )
    if mask.min() < 0:
        raise StudyError(
            f"{shown(path)} holds the value {mask.min()}; cells are numbered from 1, and 0 is "
            "background."
        )
    return mask.astype(np.uint8) if mask.dtype.kind == "b" else mask


def _regions(mask: npt.NDArray[Any]) -> tuple[tuple[Region, ...], list[str], int]:
    """Return the cells in the order of their values, the values in pieces, and how many scatter.

    A value scatters when its pieces are of a size; a stray pixel beside a cell is none of that.
    """
    values = np.arange(_DIRECT)
    if mask.max() >= _DIRECT:
        values, mask = np.unique(mask, return_inverse=True)
        if values[0] != 0:  # no background at all
            values, mask = np.insert(values, 0, 0), mask + 1
    numbered = mask.astype(np.int32)
    areas = np.bincount(numbered.ravel())
    places = {
        value: place for value, place in enumerate(ndimage.find_objects(numbered), 1) if place
    }
    boxes = {
        value: (float(x.start), float(y.start), float(x.stop), float(y.stop))
        for value, (y, x) in places.items()
    }
    regions = tuple(Region(box, "", "mask", float(areas[n])) for n, box in boxes.items())
    spread = sum((x_max - x_min) * (y_max - y_min) for x_min, y_min, x_max, y_max in boxes.values())
    # to look into all boxes of a picture would take hours, and is not needed to tell what it is
    if spread > _SPREAD * mask.size:
        return regions, [f"value {values[value]}" for value in places], len(places)
    largest = {n: _largest_piece(numbered[place] == n) for n, place in places.items()}
    in_pieces = [f"value {values[n]}" for n, share in largest.items() if share < 1]
    return regions, in_pieces, sum(share < _MAIN for share in largest.values())


def _largest_piece(cell: npt.NDArray[np.bool_]) -> float:
    """Return the share of a cell's pixels that lie in its largest piece."""
    pieces, _ = ndimage.label(cell, np.ones((3, 3)))
    return float(np.bincount(pieces.ravel())[1:].max() / cell.sum())
