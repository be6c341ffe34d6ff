"""Read masks with an image per cell, which may overlap.

A field's cells are in files `<field>_<number><suffix>`, such as those of BBBC010
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
    """Read the mask of one cell, which consists of all values except 0.

    The file is a PNG or TIFF (8, 16 or 32 bits) of the field's size; `suffix` follows field and
    number in its name.

    Raises a StudyError when the file is not such a mask, or its name has no number.
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
    """Join the cells of each field into one annotated image, in the order of the files."""
    joined: dict[str, AnnotatedImage] = {}
    for image in images:
        first = joined.setdefault(image.name, dataclasses.replace(image, regions=(), notes=()))
        if first.size != image.size:
            raise StudyError(
                f"{image.source} has {image.size} px, but {first.source}, a mask of the same "
                f"field, has {first.size} px; give the masks of a field one size."
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
    """Return the mask files of each field of the study, in `masks` and `object_masks` formats."""
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
    """Yield each cell of a mask: box in pixels, half-open, and mask [height, width] of the box.

    In a mask of `kind` `masks`, every value except 0 is a cell; in `object_masks`, all are one.
    """
    mask = masks.pixels(path)
    yield from _cells(mask > 0 if kind == "object_masks" else mask)


def _cells(mask: npt.NDArray[Any]) -> Iterator[tuple[Box, Inside]]:
    for value, (rows, columns) in masks.places(mask):
        left, top = float(columns.start), float(rows.start)
        box = (left, top, float(columns.stop), float(rows.stop))
        yield box, mask[rows, columns] == value
