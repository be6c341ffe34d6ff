"""Read labelme: a folder with one JSON file per image."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from cellpheno.annotations import documents, shapes
from cellpheno.annotations.documents import number, shown
from cellpheno.annotations.regions import AnnotatedImage, Note, Region
from cellpheno.core.errors import StudyError

WANTED = "a labelme annotation"


def read(path: Path) -> AnnotatedImage:
    """Read a labelme file, an annotated image with or without cells.

    labelme names the file after its image, and that name counts if files were renamed and
    `imagePath` has another one. Files exported in an order have a number before the field's name.
    Shapes with the same `group_id` are parts of one cell.

    Raises a StudyError when the file is not labelme's, a shape has no label or area, or parts of a
    cell have different labels.
    """
    content = documents.read_json(path, WANTED)
    try:
        drawn = documents.items(content["shapes"], "`shapes`")
        sides = [number(content.get(side) or 0) for side in ("imageWidth", "imageHeight")]
    except (KeyError, TypeError, ValueError) as error:
        raise documents.wrong_format(path, WANTED, content) from error
    cells: dict[Any, list[Region]] = {}
    for count, shape in enumerate(drawn, 1):
        region = _region(shape, f"Shape {count} of {shown(path)}")
        group = shape.get("group_id")
        # groups may have the same numbers as shapes
        key = ("alone", count) if group is None else ("group", shown(group))
        cells.setdefault(key, []).append(region)
    regions = tuple(_joined(parts, group, path) for (_, group), parts in cells.items())
    divided = sum(len(parts) > 1 for parts in cells.values())
    notes = (Note("cell in several shapes", "counts as one cell", divided),) if divided else ()
    size = (sides[0], sides[1]) if min(sides) > 0 else None
    image = str(content.get("imagePath", "")).replace("\\", "/")
    same = PurePosixPath(image).stem == path.stem and image.isprintable()
    name = image if same else shown(path.stem)
    field = content.get("field")
    if isinstance(field, str) and re.fullmatch(rf"\d+_{re.escape(field)}", path.stem):
        name = field
    return AnnotatedImage(name, regions, shown(path), size=size, notes=notes)


def _joined(parts: Sequence[Region], group: Any, path: Path) -> Region:
    """Return the cell that the shapes of a group form."""
    first, *others = parts
    for part in others:
        if part.label.strip() != first.label.strip():
            raise StudyError(
                f"Shapes of the group_id {group} in {shown(path)} have the labels "
                f"{shown(first.label)!r} and {shown(part.label)!r}, but they are parts of one "
                "cell; give them one label, or different groups, in labelme."
            )
    box, area = shapes.united([(part.box, part.area) for part in parts])
    return dataclasses.replace(first, box=box, area=area)


def _region(shape: Mapping[str, Any], where: str) -> Region:
    try:
        label = documents.word(shape["label"])
        kind = shape.get("shape_type") or "polygon"  # old files lack it
        if any(len(point) != 2 for point in shape["points"]):
            raise ValueError("a point does not have two coordinates")
        points = [(number(x), number(y)) for x, y in shape["points"]]
        box, area = _outline(kind, points)
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(
            f"{where} cannot be read ({documents.reason(error)}); draw it as a rectangle, polygon "
            "or circle with a label."
        ) from error
    if not label.strip():
        raise StudyError(f"{where} has no label; give it one in labelme.")
    return Region(box, label, kind, area)


def _outline(kind: Any, points: list[tuple[float, float]]) -> shapes.Outline:
    """Return the box around a shape and its area."""
    x, y = [point[0] for point in points], [point[1] for point in points]
    if kind == "rectangle":  # two opposite corners, or all four
        return shapes.around(x, y), None
    if kind == "polygon":
        return shapes.polygon(x, y)
    if kind == "circle" and len(points) == 2:  # the centre, and a point on the circle
        radius = math.dist(*points)
        return shapes.ellipse(x[0], y[0], radius, radius)
    if kind == "mask" and len(points) == 2:  # first and last pixel; the mask itself is not read
        (x_min, y_min, x_max, y_max), _ = shapes.corners(*points[0], *points[1])
        return (x_min, y_min, x_max + 1, y_max + 1), None
    raise ValueError(f"it is a {shown(kind)} of {len(points)} points")
