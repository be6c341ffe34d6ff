"""COCO: one JSON file with the images, their annotations and the categories."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellpheno.annotations import documents, shapes
from cellpheno.annotations.documents import number, shown
from cellpheno.annotations.regions import AnnotatedImage, Note, Region
from cellpheno.errors import StudyError

WANTED = "a COCO file with images, annotations and categories"


def read(path: Path) -> list[AnnotatedImage]:
    """Read a COCO file; every image in it counts as annotated, with cells or without.

    A region's area is the one that the file gives beside a segmentation, or else that of the
    segmentation's polygons; without a segmentation only the box is known. Annotations marked as
    a crowd (`iscrowd`) stand for an unknown number of cells and are left out, with a note; an image
    that has no others does not count as annotated.

    Raises
    ------
    StudyError
        When the file is not COCO, or an annotation refers to nothing.
    """
    content = documents.read_json(path, WANTED)
    try:
        parts = ("images", "annotations", "categories")
        images, annotations, categories = (
            documents.items(content[part], f"`{part}`") for part in parts
        )
    except (KeyError, TypeError, ValueError) as error:
        raise documents.wrong_format(path, WANTED, content) from error
    names = _by_id(categories, "category", path)
    regions: dict[Any, list[Region]] = {key: [] for key in _by_id(images, "image", path)}
    crowds: dict[Any, int] = dict.fromkeys(regions, 0)
    for count, annotation in enumerate(annotations, 1):
        try:
            image = _known(annotation["image_id"], regions, "image")
            if annotation.get("iscrowd"):
                crowds[image] += 1
                continue
            category = _known(annotation["category_id"], names, "category")
            label = documents.word(names[category]["name"])
            regions[image].append(_region(annotation, label))
        except (KeyError, TypeError, ValueError) as error:
            identity = f" (id {shown(annotation['id'])})" if "id" in annotation else ""
            raise StudyError(
                f"Annotation {count}{identity} of {shown(path)} cannot be read "
                f"({documents.reason(error)}); correct it, or export the file again."
            ) from error
    return [_image(image, regions[image["id"]], crowds[image["id"]], path) for image in images]


def _by_id(items: list[Mapping[str, Any]], what: str, path: Path) -> dict[Any, Mapping[str, Any]]:
    """Return images or categories by their id."""
    found: dict[Any, Mapping[str, Any]] = {}
    for count, item in enumerate(items, 1):
        key = item.get("id")
        if not isinstance(key, int | str):
            raise StudyError(f"The {what} number {count} of {shown(path)} has no id; give it one.")
        if key in found:
            raise StudyError(
                f"Two entries of {shown(path)} have the {what} id {shown(key)}; ids must differ."
            )
        found[key] = item
    return found


def _known(key: Any, known: Mapping[Any, Any], what: str) -> Any:
    if key not in known:
        raise ValueError(f"there is no {what} with the id {shown(key)}")
    return key


def _image(
    image: Mapping[str, Any], regions: list[Region], crowds: int, path: Path
) -> AnnotatedImage:
    try:
        name = documents.word(image["file_name"])
        sides = [number(image.get(side) or 0) for side in ("width", "height")]
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(
            f"The image with the id {shown(image['id'])} in {shown(path)} cannot be read "
            f"({documents.reason(error)}); correct it, or export the file again."
        ) from error
    size = (sides[0], sides[1]) if min(sides) > 0 else None
    left_out = Note("region marked as a crowd", "left out", crowds)
    return AnnotatedImage(
        name,
        tuple(regions),
        shown(path),
        size=size,
        gone_through=bool(regions) or not crowds,  # one full of cells was not found empty
        notes=(left_out,) if crowds else (),
    )


def _region(annotation: Mapping[str, Any], label: str) -> Region:
    """Return one annotation: its `bbox`, or the box around its polygons."""
    if not label.strip():
        raise ValueError("its category has no name")
    drawn = annotation.get("segmentation")
    outlines = _polygons(drawn) if isinstance(drawn, list) else []
    shape = "polygon" if outlines else "mask" if isinstance(drawn, dict) else "rectangle"
    if annotation.get("bbox") or not outlines:
        if len(annotation["bbox"]) != 4:
            raise ValueError(f"its bbox has {len(annotation['bbox'])} numbers, not 4")
        x, y, width, height = (number(value) for value in annotation["bbox"])
        box, _ = shapes.rectangle(x, y, width, height)
    else:
        edges = list(zip(*(outline[0] for outline in outlines), strict=True))
        box = min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3])
    if shape == "rectangle":
        return Region(box, label)
    if annotation.get("area") is not None:
        return Region(box, label, shape, number(annotation["area"]))
    return Region(box, label, shape, sum(area for _, area in outlines) if outlines else None)


def _polygons(segmentation: list[Any]) -> list[tuple[shapes.Box, float]]:
    """Return box and area of each polygon x1, y1, x2, y2, ..."""
    found = []
    for part in segmentation:
        values = [number(value) for value in part]
        box, area = shapes.polygon(values[0::2], values[1::2])
        found.append((box, area or 0.0))
    return found
