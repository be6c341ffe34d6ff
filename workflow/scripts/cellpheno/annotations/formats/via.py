"""Read VGG Image Annotator (VIA) 1 and 2: projects and exported regions, JSON or CSV (A5)."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellpheno.annotations import documents, shapes
from cellpheno.annotations.documents import number, shown
from cellpheno.annotations.regions import AnnotatedImage, Region
from cellpheno.core.errors import StudyError

WANTED = "a VIA 2 project or the annotations exported from one"


def read(path: Path, class_attribute: str) -> list[AnnotatedImage]:
    """Read the images of a VIA file, with each region's box and area.

    VIA lists every loaded image, so one without regions does not count as annotated. The class is
    the text of `class_attribute`, or the one ticked box.

    Raises a StudyError when the file is not VIA's, or a region has no class or no area.
    """
    entries = _rows(path) if path.suffix.lower() == ".csv" else _entries(path)
    return [
        AnnotatedImage(
            entry["filename"],
            _regions(entry, path, class_attribute),
            shown(path),
            folder=entry.get("folder", ""),
            gone_through=bool(entry["regions"]),
        )
        for entry in entries
    ]


def _entries(path: Path) -> list[dict[str, Any]]:
    """Return one entry per image: its file name and regions."""
    content = documents.read_json(path, WANTED)
    images = content.get("_via_img_metadata", content) if isinstance(content, dict) else None
    entries = list(images.values()) if isinstance(images, dict) else []
    try:
        for entry in entries:
            documents.word(entry["filename"])
            if isinstance(entry["regions"], dict):  # VIA 1
                entry["regions"] = list(entry["regions"].values())
            documents.items(entry["regions"], "`regions`")
    except (KeyError, TypeError, ValueError) as error:
        raise documents.wrong_format(path, WANTED, content) from error
    if not entries:
        raise documents.wrong_format(path, WANTED, content)
    folder = _folder(content)
    return [{**entry, "folder": folder} for entry in entries]


def _folder(content: Mapping[str, Any]) -> str:
    """Return the folder that a project puts before image names, if any."""
    section: Any = content
    for key in ("_via_settings", "core", "default_filepath"):
        section = section.get(key) if isinstance(section, Mapping) else None
    return shown(section.strip()) if isinstance(section, str) else ""


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a CSV export, with a row per region, or per image without any."""
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        # VIA 1 begins its header with a #
        text = documents.read_text(path).removeprefix("#")
        for row in csv.DictReader(io.StringIO(text, newline=""), strict=True):
            # the size distinguishes image files of the same name
            key = row["filename"], row["file_size"]
            entry = entries.setdefault(key, {"filename": key[0], "regions": []})
            names = ("shape_attributes", "region_attributes")
            parts = [
                json.loads(row[f"region_{names[0]}"] or "{}"),
                json.loads(row[names[1]] or "{}"),
            ]
            # a shape counts, even if an editor left another region_count next to it
            if int(row["region_count"]) or parts[0]:
                entry["regions"].append(dict(zip(names, parts, strict=True)))
    except StudyError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError, csv.Error) as error:
        raise StudyError(
            f"{shown(path)} is not {WANTED} as CSV ({documents.reason(error)}); export it again, "
            "or set annotations.format."
        ) from error
    if not entries:
        raise StudyError(f"{shown(path)} lists no images; export it again.")
    return list(entries.values())


def _regions(entry: Mapping[str, Any], path: Path, class_attribute: str) -> tuple[Region, ...]:
    """Return the regions of one image."""
    regions: list[Region] = []
    for count, region in enumerate(entry["regions"], 1):
        where = f"Region {count} of the image {shown(entry['filename'])} in {shown(path)}"
        try:
            shape = region["shape_attributes"]
            (box, area), name = _outline(shape), _SHAPES[shape["name"]]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StudyError(
                f"{where} has no outline with an area ({documents.reason(error)}); draw it as a "
                "rectangle, polygon, circle or ellipse."
            ) from error
        try:
            label = _label(region["region_attributes"][class_attribute])
        except (KeyError, TypeError, ValueError):
            label = ""
        if not label.strip():
            raise StudyError(
                f"{where} has no class in the attribute {class_attribute!r}; set it, or name "
                "the right attribute in annotations.class_attribute."
            )
        regions.append(Region(box, label, name, area))
    return tuple(regions)


_SHAPES = {"rect": "rectangle", **{n: n for n in ("polygon", "polyline", "circle", "ellipse")}}


def _label(value: Any) -> str:
    """Return the class in an attribute; empty when there is none, or more than one."""
    if isinstance(value, Mapping):  # check boxes: option: ticked
        ticked = [name for name, chosen in value.items() if chosen]
        value = ticked[0] if len(ticked) == 1 else ""
    number_of_class = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number_of_class else documents.word(value)


def _outline(shape: Mapping[str, Any]) -> shapes.Outline:
    """Return the box around a shape and its area."""
    name = shape["name"]
    if name == "rect":
        return shapes.rectangle(*(number(shape[key]) for key in ("x", "y", "width", "height")))
    if name in ("polygon", "polyline"):
        x, y = ([number(value) for value in shape[f"all_points_{axis}"]] for axis in "xy")
        # an open line has no area
        return shapes.polygon(x, y) if name == "polygon" else (shapes.around(x, y), None)
    if name == "circle":
        radii = number(shape["r"]), number(shape["r"])
    elif name == "ellipse":
        radii = number(shape["rx"]), number(shape["ry"])
    else:
        raise ValueError(f"it is a {shown(name)}")
    theta = number(shape.get("theta", 0))
    return shapes.ellipse(number(shape["cx"]), number(shape["cy"]), *radii, theta)
