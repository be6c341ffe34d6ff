"""Read the small labelled set that the filter learns from: good and empty patches (L9)."""

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
    """Read the labelled patches that lie in usable fields, sorted by field and box.

    The file has the columns image, x_min, y_min, x_max, y_max and label (good or empty). A row may
    also name its field by an image file of one of the columns `channels`. Patches of other fields
    are left out with a warning.

    Raises
    ------
    StudyError
        When a label is neither good nor empty, a patch exceeds its field, or no patch of one kind
        is left.
    """
    known = FieldNames(quality.to_dict("records"), channels)
    rows: list[tuple[str, tuple[float, ...], str]] = []
    left_out = 0
    for image in boxes_csv.read(path, {}, with_class=True):
        field = known.field(image)
        if field is None or known.rows[field]["verdict"] != "ok":
            left_out += len(image.regions)
            continue
        rows += [(field, *_checked(region, image, known, field)) for region in image.regions]
    if left_out:
        notices.warn(
            f"{left_out} labelled patches of {path} are left out because their fields were set "
            "aside or are not in the sample sheet."
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
    """Return box and label of a patch; raise StudyError if they are wrong."""
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
            f"{image.source} has the patch {list(region.box)} of {image.name}, which exceeds the "
            f"field of {width:g} x {height:g} px; correct it."
        )
    return region.box, label
