"""Masks with an image per cell, as where cells overlap: the pixels of each, and those of a field.

A field's objects lie in files `<field>_<number><suffix>`, such as those of BBBC010
(`A24_10_ground_truth.png` with the suffix `_ground_truth`).
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cellpheno.annotations.documents import shown
from cellpheno.annotations.formats import masks
from cellpheno.annotations.listing import sources
from cellpheno.annotations.regions import AnnotatedImage, FieldNames, Note, Region
from cellpheno.core.errors import StudyError

Box = tuple[float, float, float, float]
Inside = npt.NDArray[np.bool_]

_NUMBER = re.compile(r"_\d+$")


def read(path: Path, suffix: str) -> AnnotatedImage:
    """Read the mask of one cell: every value beside 0 is the cell.

    Parameters
    ----------
    path
        PNG or TIFF with 8, 16 or 32 bits, of the size of the field.
    suffix
        What the file's name has behind field and number.

    Raises
    ------
    StudyError
        When the file cannot be read, is no mask, or its name has no number.
    """
    name = path.stem.removesuffix(suffix)
    if not _NUMBER.search(name):
        raise StudyError(
            f"{shown(path)} should be named after its field and the number of the cell, as "
            f"A24_10{suffix}{path.suffix}; rename it, or correct annotations.suffix."
        )
    mask = masks.pixels(path)
    height, width = mask.shape
    found = tuple(Region(box, "", "mask", float(inside.sum())) for box, inside in _cells(mask > 0))
    notes = () if found else (Note("mask of a cell without a pixel", "left out", 1),)
    return AnnotatedImage(
        shown(_NUMBER.sub("", name)),
        found,
        shown(path),
        size=(width, height),
        complete=bool(found),
        notes=notes,
    )


def join(images: Iterable[AnnotatedImage]) -> list[AnnotatedImage]:
    """Put the cells of each field into one annotated image, in the order of the files."""
    joined: dict[str, AnnotatedImage] = {}
    for image in images:
        first = joined.setdefault(image.name, dataclasses.replace(image, regions=(), notes=()))
        if first.size != image.size:
            raise StudyError(
                f"{image.source} has {image.size} px, but {first.source}, a mask of the same "
                f"field, has {first.size} px; masks of one field are of one size."
            )
        joined[image.name] = dataclasses.replace(
            first,
            regions=(*first.regions, *image.regions),
            complete=first.complete and image.complete,
            notes=(*first.notes, *image.notes),
        )
    return list(joined.values())


def files_of_fields(
    files: Sequence[str | Path], settings: Mapping[str, Any], known: FieldNames
) -> dict[str, list[Path]]:
    """Return the mask files of each field; files of fields that the study lacks are left out.

    Parameters
    ----------
    files
        Files or folders of the formats `masks` and `object_masks`.
    settings
        The config's section `annotations`: format and suffix.
    known
        The study's fields.
    """
    found: dict[str, list[Path]] = {}
    for path in sources(files, settings):
        name = path.stem.removesuffix(settings["suffix"])
        if settings["format"] == "object_masks":
            name = _NUMBER.sub("", name)
        field = known.field(AnnotatedImage(name, (), shown(path)))
        if field is not None:
            found.setdefault(field, []).append(path)
    return found


def instances(path: Path, kind: str) -> Iterator[tuple[Box, Inside]]:
    """Yield box and pixels of each cell of a mask.

    Parameters
    ----------
    path
        The mask.
    kind
        `masks`: every value beside 0 is a cell; `object_masks`: all of them are one.

    Yields
    ------
    box, inside
        x_min, y_min, x_max, y_max in pixels, half-open; [height, width] of the box.
    """
    mask = masks.pixels(path)
    yield from _cells(mask > 0 if kind == "object_masks" else mask)


def _cells(mask: npt.NDArray[Any]) -> Iterator[tuple[Box, Inside]]:
    for value, (rows, columns) in masks.places(mask):
        box = (columns.start, rows.start, columns.stop, rows.stop)
        yield tuple(map(float, box)), mask[rows, columns] == value
