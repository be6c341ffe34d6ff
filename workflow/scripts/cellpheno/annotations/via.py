"""VGG Image Annotator (VIA) 2: project files and exported region data (A5)."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellpheno.annotations.regions import AnnotatedImage, Region
from cellpheno.errors import StudyError

Box = tuple[float, float, float, float]


def read(path: Path, class_attribute: str) -> list[AnnotatedImage]:
    """Read the images of a VIA file that have regions, each region as the box around its outline.

    VIA lists every image that was loaded, so one without regions was not annotated, for all that
    the file tells.

    Parameters
    ----------
    path
        JSON: a project, or the annotations exported from one.
    class_attribute
        Region attribute that holds the class: text, or boxes of which one is ticked.

    Raises
    ------
    StudyError
        When the file is no VIA file, a region has no class, or its shape has no area.
    """
    return [
        AnnotatedImage(entry["filename"], _regions(entry, path, class_attribute), str(path))
        for entry in _entries(path)
        if entry["regions"]
    ]


def _regions(entry: Mapping[str, Any], path: Path, class_attribute: str) -> tuple[Region, ...]:
    """Return the regions of one image."""
    regions: list[Region] = []
    drawn = entry["regions"]
    for number, region in enumerate(drawn.values() if isinstance(drawn, dict) else drawn, 1):
        where = f"Region {number} of the image {entry['filename']} in {path}"
        try:
            box = _box(region["shape_attributes"])
        except (KeyError, TypeError, ValueError) as error:
            raise StudyError(
                f"{where} has no outline with an area ({error!r}); draw it as a rectangle, "
                "polygon, circle or ellipse."
            ) from error
        label = _label(region.get("region_attributes", {}).get(class_attribute))
        if not label:
            raise StudyError(
                f"{where} has no class in the attribute {class_attribute!r}; set it, or name "
                "the right attribute in annotations.class_attribute."
            )
        regions.append(Region(box, label))
    return tuple(regions)


def _entries(path: Path) -> list[dict[str, Any]]:
    """Return one entry per image: its file name and regions."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read as JSON ({error}); export it again.") from error
    images = content.get("_via_img_metadata", content) if isinstance(content, dict) else None
    entries = list(images.values()) if isinstance(images, dict) else []
    if not entries or not all(
        isinstance(entry, dict) and {"filename", "regions"} <= set(entry) for entry in entries
    ):
        raise StudyError(
            f"{path} is not a VIA 2 project or its exported annotations (JSON); save the project "
            "in VIA, or set annotations.format."
        )
    return entries


def _label(value: Any) -> str:
    """Return the class that an attribute holds; empty when there is none, or more than one."""
    if isinstance(value, Mapping):  # check boxes: option: ticked
        ticked = [name for name, chosen in value.items() if chosen]
        value = ticked[0] if len(ticked) == 1 else ""
    return str(value or "").strip()


def _box(shape: Mapping[str, Any]) -> Box:
    """Return the box around a shape."""
    if shape["name"] == "rect":
        x, y = float(shape["x"]), float(shape["y"])
        return x, y, x + float(shape["width"]), y + float(shape["height"])
    if shape["name"] in ("polygon", "polyline"):
        x, y = ([float(value) for value in shape[f"all_points_{axis}"]] for axis in "xy")
        return min(x), min(y), max(x), max(y)
    if shape["name"] == "circle":
        radii = (float(shape["r"]),) * 2
    elif shape["name"] == "ellipse":
        radii = _half_size(float(shape["rx"]), float(shape["ry"]), float(shape.get("theta", 0)))
    else:
        raise ValueError(shape["name"])
    x, y = float(shape["cx"]), float(shape["cy"])
    return x - radii[0], y - radii[1], x + radii[0], y + radii[1]


def _half_size(rx: float, ry: float, theta: float) -> tuple[float, float]:
    """Return half the width and height of the box around an ellipse turned by theta (radians)."""
    cosine, sine = math.cos(theta), math.sin(theta)
    return math.hypot(rx * cosine, ry * sine), math.hypot(rx * sine, ry * cosine)
