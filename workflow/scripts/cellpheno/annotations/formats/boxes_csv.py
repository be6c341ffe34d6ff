"""Read boxes from a comma-, semicolon- or tab-separated table with one row per box."""

import collections
import dataclasses
from collections.abc import Mapping
from pathlib import Path

from cellpheno.annotations import documents, shapes
from cellpheno.annotations.documents import number, shown
from cellpheno.annotations.regions import AnnotatedImage, Note, Region
from cellpheno.core import text_tables
from cellpheno.core.errors import StudyError

EDGES = ("x_min", "y_min", "x_max", "y_max")
USUAL_NAMES = {
    "image": ("image", "field", "filename", "file_name", "image_name", "image_path", "file"),
    "label": ("label", "class", "class_name", "category"),
    "area": ("area",),
    **{edge: (edge, edge.replace("_", ""), f"bbox_{edge.replace('_', '')}") for edge in EDGES},
}
"""Column names recognised without `annotations.columns`, in any case."""


def read(path: Path, columns: Mapping[str, str], with_class: bool) -> list[AnnotatedImage]:
    """Read a table of boxes, half-open, in pixels from the upper left corner.

    A row with an image but no numbers is an annotated image without cells. An area of 0 was not
    measured. `columns` overrides usual column names. Without `with_class` the column `label` is
    ignored.

    Raises a StudyError when a column is missing, and for the first unreadable row.
    """
    text = documents.read_text(path)
    separator = text_tables.separator(text.lstrip().partition("\n")[0])
    table = text_tables.table(list(text_tables.rows(text, separator, shown(path))), shown(path))
    places = _places(list(table.columns), columns, with_class, path)
    images: dict[str, list[Region]] = {}
    unmeasured: collections.Counter[str] = collections.Counter()
    for line, *row in table.itertuples():
        try:
            name, region = _entry({what: row[place] for what, place in places.items()})
        except ValueError as error:
            raise StudyError(
                f"Line {line} of {shown(path)} cannot be read ({shown(error)}); correct it."
            ) from error
        if region and region.area == 0:
            unmeasured[name] += 1
            region = dataclasses.replace(region, area=None)
        images.setdefault(name, []).extend([region] if region else [])
    return [
        AnnotatedImage(name, tuple(found), shown(path), notes=_notes(unmeasured[name]))
        for name, found in images.items()
    ]


def _notes(unmeasured: int) -> tuple[Note, ...]:
    return (Note("area of 0", "counts as unknown", unmeasured),) if unmeasured else ()


def _places(
    header: list[str], columns: Mapping[str, str], with_class: bool, path: Path
) -> dict[str, int]:
    """Return the position of each column in a row."""
    names = [name.strip().lower().replace(" ", "_") for name in header]
    if "region_shape_attributes" in names:
        raise StudyError(
            f"{shown(path)} contains annotations exported from VIA, not a table of boxes; set "
            "annotations.format to via."
        )
    places: dict[str, int] = {}
    for what, usual in USUAL_NAMES.items():
        if what == "label" and not with_class:
            continue
        wanted = [columns[what].strip().lower().replace(" ", "_")] if what in columns else usual
        fits = [place for place, name in enumerate(names) if name in wanted]
        if len(fits) > 1:
            raise StudyError(
                f"{shown(path)} has {len(fits)} columns that may be the {what} "
                f"({', '.join(shown(header[place]) for place in fits)}); name the right one in "
                f"annotations.columns.{what}."
            )
        if fits:
            places[what] = fits[0]
        elif what != "area" or what in columns:
            advice = " or set annotations.label" if what == "label" else ""
            raise StudyError(
                f"{shown(path)} has no column {' or '.join(wanted[:3])} (found in its first line: "
                f"{shown(', '.join(header))}); name it in annotations.columns.{what}{advice}."
            )
    return places


def _entry(row: Mapping[str, str]) -> tuple[str, Region | None]:
    """Return image and box of one row, None instead of a box if the image has no cells."""
    image = documents.word(row["image"])
    if not image:
        raise ValueError("it names no image")
    if not any(row[edge] for edge in EDGES):
        return image, None
    box, _ = shapes.corners(*(number(row[edge]) for edge in EDGES))
    if row.get("label") == "":
        raise ValueError("it has no class")
    area = number(row["area"]) if row.get("area") else None
    shape = "rectangle" if area is None else "mask"
    return image, Region(box, row.get("label", ""), shape, area)
