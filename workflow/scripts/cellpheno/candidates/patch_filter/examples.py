"""The small labelled set that the filter learns from: patches that are good or empty (L9)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cellpheno.annotations.formats import boxes_csv
from cellpheno.annotations.regions import AnnotatedImage, FieldNames, Region
from cellpheno.candidates.patch_filter import LABELS
from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.tables.columns import BOX_COLUMNS


def read(path: Path, quality: pd.DataFrame, channels: Sequence[str]) -> pd.DataFrame:
    """Read the labelled patches that lie in fields of sound quality.

    Parameters
    ----------
    path
        Text with the columns image, x_min, y_min, x_max, y_max, label (good or empty).
    quality
        The quality table with the sample sheet's columns.
    channels
        Columns with image files, by which a row may name its field too.

    Returns
    -------
    DataFrame
        field, box and label, sorted by field and box. Patches of fields that were set aside, or
        that the sample sheet lacks, are left out and counted in the log.

    Raises
    ------
    StudyError
        When a label is neither good nor empty, a patch reaches out of its field, or no patch of
        one kind is left.
    """
    known = FieldNames(quality.to_dict("records"), channels)
    rows: list[tuple[str, tuple[float, ...], str]] = []
    strangers = 0
    for image in boxes_csv.read(path, {}, with_class=True):
        field = known.field(image)
        if field is None or known.rows[field]["verdict"] != "ok":
            strangers += len(image.regions)
            continue
        rows += [(field, *_checked(region, image, known, field)) for region in image.regions]
    if strangers:
        notices.warn(
            f"{strangers} labelled patches of {path} lie in fields that were set aside or are not "
            "in the sample sheet, and are left out."
        )
    frame = pd.DataFrame(
        {
            "field": pd.Series([field for field, *_ in rows], dtype="str"),
            **{name: [float(box[i]) for _, box, _ in rows] for i, name in enumerate(BOX_COLUMNS)},
            "label": pd.Series([label for *_, label in rows], dtype="str"),
        }
    )
    for label in LABELS:
        if not (frame["label"] == label).any():
            raise StudyError(
                f"patch_filter.examples ({path}) holds no {label} patch in a usable field; label "
                "some of both kinds, or set patch_filter.enabled to false."
            )
    frame = frame.drop_duplicates()
    return frame.sort_values(["field", *BOX_COLUMNS, "label"], ignore_index=True)


def _checked(
    region: Region, image: AnnotatedImage, known: FieldNames, field: str
) -> tuple[tuple[float, ...], str]:
    """Return box and label of a patch, or refuse it."""
    label = region.label.strip()
    if label not in LABELS:
        raise StudyError(
            f"{image.source} has a patch of {image.name} with the label {label!r}; the filter "
            f"knows {' and '.join(LABELS)}."
        )
    width, height = float(known.rows[field]["width"]), float(known.rows[field]["height"])
    x_min, y_min, x_max, y_max = region.box
    if x_min < 0 or y_min < 0 or x_max > width or y_max > height:
        raise StudyError(
            f"{image.source} has the patch {list(region.box)} of {image.name}, which reaches out "
            f"of the field of {width:g} x {height:g} px; correct it."
        )
    return region.box, label
