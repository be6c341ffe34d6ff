"""Read instance masks: one image per field of view, with a different value for every cell."""

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
"""Masks with larger values are renumbered first, because a table of all values would not fit."""
_SPREAD = 100
"""Ratio of all boxes to the mask above which the image is a picture, not a mask."""

_MAIN = 0.75
"""Share of its pixels below which the largest piece of a value is not a cell."""


def read(path: Path, suffix: str) -> AnnotatedImage:
    """Read a mask, an annotated field with or without cells, from PNG or TIFF (8, 16 or 32 bits).

    The value 0 is background, every other value one cell, even in several pieces. The box is
    half-open, the area a number of pixels. Of a palette, the indices count. `suffix` follows the
    field in the file's name, such as `_MaskNuclei`.

    Raises a StudyError when the file cannot be read, has several channels or fractions, or
    distinguishes cells only from background.
    """
    mask = pixels(path)
    regions, in_pieces, scattered = _regions(mask)
    if 2 * scattered > len(regions):
        raise StudyError(
            f"{shown(path)} is not a mask of numbered cells: {scattered} of its {len(regions)} "
            "values other than 0 are in separate pieces, as in a picture, or in a mask that only "
            "separates cells from background; save a mask in which every cell has its own value."
        )
    notes = []
    if in_pieces:
        n, first = len(in_pieces), in_pieces[0]
        notes.append(Note("cell in several pieces", "counts as one cell", n, first))
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

    Raises a StudyError when the file cannot be read, has several channels or fractions.
    """
    return _checked(_pixels(path), path)


def places(mask: npt.NDArray[Any]) -> list[tuple[int, tuple[slice, ...]]]:
    """Return the values of a mask except 0, in order, with the rows and columns that they cover."""
    values, numbered = np.unique(mask, return_inverse=True)
    found = ndimage.find_objects(numbered.reshape(mask.shape) + 1)
    return [
        (int(value), place)
        for value, place in zip(values, found, strict=True)
        if value and place is not None
    ]


def _pixels(path: Path) -> npt.NDArray[Any]:
    """Return the pixels of a file, [height, width] if it is one plane."""
    try:
        handle = path.open("rb")
    except OSError as error:
        raise StudyError(f"{path} cannot be read as a mask: {error.strerror}.") from error
    with handle:
        return _png(path, handle) if path.suffix.lower() == ".png" else _tiff(path, handle)


def _png(path: Path, handle: BinaryIO) -> npt.NDArray[Any]:
    content = handle.read()
    pixels = io.BytesIO(picture_metadata.without(content))
    # not OpenCV, which returns a palette's colours
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
    """Return the cells in order of their values, the values in pieces, and how many scatter.

    A value scatters when no piece dominates; a stray pixel next to a cell does not count.
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
    # examining all boxes of a picture would take hours, and they show already what it is
    if spread > _SPREAD * mask.size:
        return regions, [f"value {values[value]}" for value in places], len(places)
    largest = {n: _largest_piece(numbered[place] == n) for n, place in places.items()}
    in_pieces = [f"value {values[n]}" for n, share in largest.items() if share < 1]
    return regions, in_pieces, sum(share < _MAIN for share in largest.values())


def _largest_piece(cell: npt.NDArray[np.bool_]) -> float:
    """Return the share of a cell's pixels that are in its largest piece."""
    pieces, _ = ndimage.label(cell, np.ones((3, 3)))
    return float(np.bincount(pieces.ravel())[1:].max() / cell.sum())
