"""List the annotation formats by name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations import cleaning
from cellpheno.annotations.formats import masks, object_masks, sheet
from cellpheno.annotations.listing import TEXT_READERS, Reader, Settings, sources
from cellpheno.annotations.regions import AnnotatedImage, FieldNames

READERS: dict[str, Reader] = {
    **TEXT_READERS,
    "masks": lambda path, settings: [masks.read(path, settings["suffix"])],
    "object_masks": lambda path, settings: [object_masks.read(path, settings["suffix"])],
}
"""`annotations.format` to a reader of a single file and the section.

A reader returns every image of the file, with labels as written. A further format, `sheet`, takes
classes from the sample sheet and has no files.
"""

DEFAULTS: dict[str, Any] = {
    "class_attribute": "class",
    "columns": {},
    "suffix": "",
    "crowds": "leave_out",
    "label": None,
    "label_column": None,
    "rename": {},
    "ignore": [],
    "pixel_scale": 1,
    "annotator": "expert",
}
"""Defaults of the section, the same as in the config's schema."""


def read(
    files: Sequence[str | Path], settings: Settings, known: FieldNames | None = None
) -> list[AnnotatedImage]:
    """Read the annotations of one annotator, in the config's classes and pixels of the fields.

    `files` may be folders, and are empty for the format `sheet`. `DEFAULTS` fill what `settings`
    lack except `format`. The study's fields, `known`, are needed if the sample sheet has the
    classes; image sizes are compared with them.

    Raises a StudyError for the first file that cannot be read or does not fit its field.
    """
    settings = {**DEFAULTS, **settings}
    column = settings["label_column"]
    if settings["format"] == "sheet":
        images = sheet.read(_needed(known), column)
    else:
        reader = READERS[settings["format"]]
        images = [image for file in sources(files, settings) for image in reader(file, settings)]
        cleaning.refuse_shares(images)
        if settings["format"] == "object_masks":
            images = object_masks.join(images)
        if column is not None:
            images = sheet.classify(images, _needed(known), column)
        elif settings["label"] is not None:
            images = sheet.with_label(images, settings["label"])
    images = cleaning.clean(images, settings)
    if known is not None:
        cleaning.check_sizes(images, known, settings["pixel_scale"])
    return images


def _needed(known: FieldNames | None) -> FieldNames:
    if known is None:
        raise ValueError("the study's fields are needed to read classes from the sample sheet")
    return known
