"""Annotated regions to the boxes table, in the pixels of the study's fields."""

import collections
import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellpheno.annotations.regions import FieldNames, Region, check_classes
from cellpheno.errors import StudyError
from cellpheno.tables import BOX_COLUMNS

logger = logging.getLogger(__name__)


def to_table(
    regions: Sequence[Region],
    fields: pd.DataFrame,
    channels: Sequence[str],
    classes: Sequence[str],
    annotator: str,
) -> pd.DataFrame:
    """Put annotated regions into the boxes table.

    Regions of images that are not in the sample sheet are counted in the log and left out.
    Boxes are clipped to their field; what has no area then is left out as well, and logged.

    Parameters
    ----------
    regions
        Of the annotation files.
    fields
        The quality table, with height, width and the channels' files of every field.
    channels
        Columns of `fields` that hold files.
    classes
        The study's classes.
    annotator
        Who drew the regions.

    Returns
    -------
    DataFrame
        The boxes table, sorted by field, y_min, x_min.

    Raises
    ------
    StudyError
        For a label that is no class, and when no annotated image is in the sample sheet.
    """
    known = FieldNames(fields.to_dict("records"), channels)
    named = [(known.field(region), region) for region in regions]
    placed = [(field, region) for field, region in named if field is not None]
    _report_unknown([region for field, region in named if field is None], len(regions))
    if not placed:
        raise StudyError(
            f"None of the {len({r.image for r in regions})} annotated images is in the sample "
            f"sheet (the annotations name {', '.join(sorted({r.image for r in regions})[:3])}); "
            "name them after the fields or after a channel's file."
        )
    check_classes([region for _, region in placed], classes)
    table = pd.DataFrame([region.box for _, region in placed], columns=BOX_COLUMNS, dtype=float)
    table.insert(0, "field", [field for field, _ in placed])
    table["label"] = [region.label for _, region in placed]
    table["annotator"] = annotator
    clipped = _clipped(table, fields)
    order = ["field", "y_min", "x_min", "y_max", "x_max", "label"]
    return clipped.sort_values(order, kind="stable", ignore_index=True)


def _report_unknown(regions: Sequence[Region], total: int) -> None:
    images = collections.Counter(region.image for region in regions)
    if images:
        logger.warning(
            "%d of %d regions are on %d images that are not in the sample sheet and are left out: "
            "%s%s",
            len(regions),
            total,
            len(images),
            ", ".join(sorted(images)[:5]),
            ", ..." if len(images) > 5 else "",
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
