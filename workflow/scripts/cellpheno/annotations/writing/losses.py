"""Read exported files back and list what the format lost."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cellpheno.annotations.formats import registry
from cellpheno.annotations.regions import AnnotatedImage, FieldNames
from cellpheno.annotations.writing.picture import Picture
from cellpheno.tables.annotations import EXPORT_LOSSES
from cellpheno.tables.columns import BOX_COLUMNS

SAME_PX = 1e-6
"""Difference up to which edges are the same, because widths are differences of rounded numbers."""

CONSEQUENCES = {
    "empty field": "an image without boxes counts as not annotated; if it was annotated, give "
    "the field a split in the sample sheet",
    "not looked at": "the file does not say which images a person has looked at: leave out of "
    "annotations.files what was not corrected, or predictions count as annotations",
    "incomplete": "the field counts as completely annotated when it is read back: draw the cells "
    "that were left out (annotations/report.tsv) before",
    "box": "the box is not read back",
    "edges": "the box is read back elsewhere",
    "class": "the box is read back with another class",
    "score": "shown to the annotator at most; what is read back is an annotation without a score",
    "annotator": "who drew the box is not read back; annotations.annotator says it for all",
    "area": "the outline is reduced to its box, and the cell has no area of its own",
}
"""Consequence of a loss for a study that reads the file as its annotations."""


NEUTRAL: dict[str, Any] = {
    "annotator": "",
    "rename": {},
    "ignore": [],
    "label": None,
    "label_column": None,
    "pixel_scale": 1,
}
"""Required values in the config's section `annotations` to read the files back."""


def report(
    sources: Mapping[str, Path],
    pictures: Sequence[Picture],
    annotations: Mapping[str, Any],
    incomplete: Collection[str] = (),
) -> pd.DataFrame:
    """Read written files back and list the EXPORT_LOSSES.

    `sources` maps formats to their files. `annotations` is the config's section, in which format
    and `NEUTRAL` are replaced; `incomplete` are fields with unannotated cells. A loss in every
    field with boxes is one row with the field `all`.
    """
    known = FieldNames([vars(picture) for picture in pictures], channels=[])
    filled = {picture.field for picture in pictures if len(picture.boxes)}
    rows = []
    for name, source in sources.items():
        images = registry.read([source], {**annotations, **NEUTRAL, "format": name}, known)
        of_field = {known.field(image): image for image in images}
        lost: dict[str, dict[str, int]] = {what: {} for what in CONSEQUENCES}
        lost["incomplete"] = dict.fromkeys((p.field for p in pictures if p.field in incomplete), 1)
        for picture in pictures:
            for what, n in _lost(picture, of_field.get(picture.field)):
                lost[what][picture.field] = n
        for what, counts in lost.items():
            if len(counts) > 1 and set(counts) >= filled and what != "empty field":
                counts = {"all": sum(counts.values())}
            rows += [(name, field, what, n, CONSEQUENCES[what]) for field, n in counts.items()]
    return pd.DataFrame(rows, columns=[column.name for column in EXPORT_LOSSES.columns])


def _lost(picture: Picture, image: AnnotatedImage | None) -> Iterator[tuple[str, int]]:
    """Yield the losses of one image with their numbers of boxes or images."""
    boxes = picture.boxes
    gone_through = image is not None and image.gone_through
    if not len(boxes) and not gone_through:
        yield "empty field", 1
    if "score" in boxes and gone_through:
        yield "not looked at", 1
    read = _table(image)
    lost = len(boxes) - len(read)
    if lost:
        yield "box", lost
    elif len(boxes):
        counts = _changed(boxes, read)
        yield from ((what, n) for what, n in counts.items() if n)


def _table(image: AnnotatedImage | None) -> pd.DataFrame:
    """Return the boxes read back with all that a reader can know about them."""
    regions = image.regions if image else ()
    table = pd.DataFrame([region.box for region in regions], columns=BOX_COLUMNS, dtype=float)
    for column in ("label", "area", "score"):
        table[column] = [getattr(region, column, None) for region in regions]
    table["annotator"] = image.annotator if image else ""
    return table


def _changed(written: pd.DataFrame, read: pd.DataFrame) -> dict[str, int]:
    """Return the number of changed boxes by kind of change; both are in the file's order."""
    moved = np.abs(written[BOX_COLUMNS].to_numpy(float) - read[BOX_COLUMNS].to_numpy(float))
    counts = {"edges": int((moved > SAME_PX).any(axis=1).sum())}
    for what, column in {
        "class": "label",
        "score": "score",
        "annotator": "annotator",
        "area": "area",
    }.items():
        if column in written:
            known = written[column].notna().to_numpy()
            same = [_same(a, b) for a, b in zip(written[column], read[column], strict=True)]
            counts[what] = int((known & ~np.array(same)).sum())
    return counts


def _same(written: Any, read: Any) -> bool:
    if isinstance(written, float) and isinstance(read, float):
        return abs(written - read) <= SAME_PX
    return written == read
