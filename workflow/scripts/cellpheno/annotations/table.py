"""Annotated images to tables: the boxes in the pixels of the study's fields, and the fields."""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellpheno.annotations.regions import AnnotatedImage, FieldNames, check_classes
from cellpheno.errors import StudyError
from cellpheno.tables import BOX_COLUMNS

logger = logging.getLogger(__name__)


def to_tables(
    images: Sequence[AnnotatedImage],
    fields: pd.DataFrame,
    channels: Sequence[str],
    classes: Sequence[str],
    annotator: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put annotated images into the boxes table and the table of annotated fields.

    Images that are not in the sample sheet are counted in the log and left out. Boxes are clipped
    to their field; what has no area then is left out as well, and logged. A field that loses all
    its boxes so is not annotated: it was not found empty.

    Parameters
    ----------
    images
        Of the annotation files.
    fields
        The quality table, with height, width and the channels' files of every field.
    channels
        Columns of `fields` that hold files.
    classes
        The study's classes.
    annotator
        Who annotated the images.

    Returns
    -------
    boxes : DataFrame
        The boxes table, sorted by field, y_min, x_min.
    annotated : DataFrame
        The table of annotated fields, sorted by field; those without cells have `n_boxes` 0.

    Raises
    ------
    StudyError
        For a label that is no class, for a field that is annotated twice, and when no annotated
        image is in the sample sheet.
    """
    known = FieldNames(fields.to_dict("records"), channels)
    named = [(known.field(image), image) for image in images]
    placed = [(field, image) for field, image in named if field is not None]
    _report_unknown([image for field, image in named if field is None], len(images))
    if not placed:
        names = sorted({image.name for image in images})
        raise StudyError(
            f"None of the {len(names)} annotated images is in the sample sheet (the annotations "
            f"name {', '.join(names[:3])}); name them after the fields or after a channel's file."
        )
    _refuse_repeats(placed)
    check_classes([image for _, image in placed], classes)
    drawn = [(field, region) for field, image in placed for region in image.regions]
    table = pd.DataFrame([region.box for _, region in drawn], columns=BOX_COLUMNS, dtype=float)
    table.insert(0, "field", [field for field, _ in drawn])
    table["label"] = [region.label for _, region in drawn]
    table["annotator"] = annotator
    clipped = _clipped(table, fields)
    order = ["field", "y_min", "x_min", "y_max", "x_max", "label"]
    boxes = clipped.sort_values(order, kind="stable", ignore_index=True)
    lost = set(table["field"]) - set(boxes["field"])
    names = pd.Index(sorted({field for field, _ in placed} - lost), name="field")
    counts = boxes["field"].value_counts().reindex(names, fill_value=0)
    return boxes, counts.rename("n_boxes").reset_index()


def _report_unknown(images: Sequence[AnnotatedImage], total: int) -> None:
    names = sorted({image.name for image in images})
    if names:
        logger.warning(
            "%d of %d annotated images, with %d regions, are not in the sample sheet and are left "
            "out: %s%s",
            len(images),
            total,
            sum(len(image.regions) for image in images),
            ", ".join(names[:5]),
            ", ..." if len(names) > 5 else "",
        )


def _refuse_repeats(placed: Sequence[tuple[str, AnnotatedImage]]) -> None:
    """Raise when two annotated images show one field: its cells would count twice."""
    first: dict[str, AnnotatedImage] = {}
    for field, image in placed:
        other = first.setdefault(field, image)
        if other is not image:
            raise StudyError(
                f"The field {field} is annotated twice, as {other.name} in {other.source} and as "
                f"{image.name} in {image.source}, so its cells would count twice; leave one out."
            )


def _clipped(table: pd.DataFrame, fields: pd.DataFrame) -> pd.DataFrame:
    """Return the table with boxes clipped to their fields, without those that vanish."""
    sizes = fields.set_index("field")[["width", "height"]].astype(float).loc[table["field"]]
    size = sizes.to_numpy()
    inside = table.copy()
    for start in (0, 2):
        edges = BOX_COLUMNS[start : start + 2]
        inside[edges] = np.clip(table[edges].to_numpy(), 0, size)
    reduced = (inside[BOX_COLUMNS].to_numpy() != table[BOX_COLUMNS].to_numpy()).any(axis=1)
    reduced &= ~np.isnan(size).any(axis=1)
    if reduced.any():
        logger.info("%d boxes reached over the edge of their field and were clipped", reduced.sum())
    sides = inside[BOX_COLUMNS[2:]].to_numpy() - inside[BOX_COLUMNS[:2]].to_numpy()
    kept = (sides > 0).all(axis=1)  # never so for a field of unknown size, which was unreadable
    for row in table[~kept].itertuples():
        logger.warning("a %s box of the field %s has no area in it: left out", row.label, row.field)
    if not kept.any():
        raise StudyError("No annotated box lies inside its field; check the annotated images.")
    return inside[kept]
