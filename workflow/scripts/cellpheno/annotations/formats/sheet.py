"""Take classes of fields, or of all their cells, from a column of the sample sheet."""

import dataclasses
from collections.abc import Iterable

from cellpheno.annotations.regions import AnnotatedImage, FieldNames, Region
from cellpheno.core.errors import StudyError

SOURCE = "the sample sheet"


def read(known: FieldNames, column: str) -> list[AnnotatedImage]:
    """Return every field with a class in the column as an image of one cell that fills it."""
    images = []
    for field, row in known.rows.items():
        if row[column]:
            width, height = float(row["width"]), float(row["height"])
            # an unreadable field has no size; its box is left out with a note
            box = (0.0, 0.0, width, height) if width > 0 and height > 0 else (0.0,) * 4
            images.append(AnnotatedImage(field, (Region(box, row[column]),), SOURCE))
    return images


def classify(
    images: Iterable[AnnotatedImage], known: FieldNames, column: str
) -> list[AnnotatedImage]:
    """Give all regions of an image the class of its field; no class outside the study.

    Raises a StudyError when a field with regions has no class.
    """
    classified = []
    for image in images:
        field = known.field(image)
        label = "" if field is None else known.rows[field][column]
        if field is not None and image.regions and not label:
            raise StudyError(
                f"The field {field} has cells in {image.source} but no class in the column "
                f"{column} of the sample sheet (annotations.label_column); fill it in."
            )
        classified += with_label([image], label)
    return classified


def with_label(images: Iterable[AnnotatedImage], label: str) -> list[AnnotatedImage]:
    """Give all regions the same class."""
    return [
        dataclasses.replace(
            image,
            regions=tuple(dataclasses.replace(region, label=label) for region in image.regions),
        )
        for image in images
    ]
