"""Annotation formats by name: the one place that a new format is entered."""

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
"""`annotations.format` of the config: reader, from a single file and the section.

A reader gives every image of the file, with labels as they were written. Beside these there is
`sheet`, where the class stands in the sample sheet and there is no file.
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
"""Of the section's keys, the same as in the config's schema."""


def read(
    files: Sequence[str | Path], settings: Settings, known: FieldNames | None = None
) -> list[AnnotatedImage]:
    """Read what one annotator has annotated, in the config's classes and pixels of the fields.

    Parameters
    ----------
    files
        Files, or folders where the format has them; none for the format `sheet`.
    settings
        Of the annotator; `DEFAULTS` fill what is missing beside `format`.
    known
        The study's fields; needed where the sample sheet holds the classes. Images whose file
        tells a size are held against it.

    Raises
    ------
    StudyError
        For the first file that cannot be read, or that does not fit its field.
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
