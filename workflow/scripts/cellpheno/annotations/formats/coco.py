"""Read COCO: one JSON file with images, annotations and categories."""

import collections
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations import documents, shapes
from cellpheno.annotations.documents import number, shown
from cellpheno.annotations.regions import LEFT_OUT, AnnotatedImage, Note, Region
from cellpheno.core import notices
from cellpheno.core.errors import StudyError

WANTED = "a COCO file with images, annotations and categories"


LEAVE_OUT = "leave_out"
CROWD = "region marked as a crowd"

Counts = collections.Counter[tuple[str, str]]
"""Number of annotations of an image by problem and action."""


def read(path: Path, crowds: str = LEAVE_OUT) -> list[AnnotatedImage]:
    """Read a COCO file, in which every image counts as annotated, with or without cells.

    A region's area is the file's if it has a segmentation, or else that of its polygons; without
    a segmentation only the box is known. Annotations marked as a crowd (`iscrowd`) are left out
    (`leave_out`), because they contain an unknown number of cells, or count as one cell each
    (`cells`), because CVAT marks brush masks so. An image that loses crowds is not complete, nor
    annotated if nothing else is left.

    Raises a StudyError when the file is not COCO, an annotation refers to a missing entry, or all
    annotations are omitted crowds.
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
    problems: dict[Any, Counts] = {key: collections.Counter() for key in regions}
    for count, annotation in enumerate(annotations, 1):
        try:
            image = _known(annotation["image_id"], regions, "image")
            if annotation.get("iscrowd"):
                left_out = crowds == LEAVE_OUT
                problems[image][CROWD, LEFT_OUT if left_out else "counts as one cell"] += 1
                if left_out:
                    continue
            category = _known(annotation["category_id"], names, "category")
            label = documents.word(names[category]["name"])
            regions[image].append(_region(annotation, label, problems[image]))
        except (KeyError, TypeError, ValueError) as error:
            identity = f" (id {shown(annotation['id'])})" if "id" in annotation else ""
            raise StudyError(
                f"Annotation {count}{identity} of {shown(path)} cannot be read "
                f"({documents.reason(error)}); correct it, or export the file again."
            ) from error
    _explain_crowds(sum(counts[CROWD, LEFT_OUT] for counts in problems.values()), annotations, path)
    return [_image(image, regions[image["id"]], problems[image["id"]], path) for image in images]


def _explain_crowds(left_out: int, annotations: Sequence[object], path: Path) -> None:
    """Warn of omitted crowds, or refuse a file with nothing else."""
    if not left_out:
        return
    sentence = (
        f"{left_out} of the {len(annotations)} annotations of {shown(path)} are marked as crowds "
        "(iscrowd) and left out; CVAT marks every cell drawn with its brush so: if each of them is "
        "one cell, set annotations.crowds to cells"
    )
    if left_out == len(annotations):
        raise StudyError(f"{sentence}, or else leave the file out of annotations.files.")
    notices.warn(f"{sentence}.")


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
    image: Mapping[str, Any], regions: list[Region], problems: Counts, path: Path
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
    crowds = problems[CROWD, LEFT_OUT]
    return AnnotatedImage(
        name,
        tuple(regions),
        shown(path),
        size=size,
        gone_through=bool(regions) or not crowds,  # an image of crowds only was not found empty
        complete=not crowds,
        notes=tuple(Note(*what, n) for what, n in sorted(problems.items())),
    )


def _region(annotation: Mapping[str, Any], label: str, problems: Counts) -> Region:
    """Return one annotation, and count its problems."""
    if not label.strip():
        raise ValueError("its category has no name")
    drawn = annotation.get("segmentation") or []
    parts = drawn if isinstance(drawn, list) else [drawn]
    masks = [part for part in parts if isinstance(part, dict)]  # run lengths are not read
    outlines = _polygons([part for part in parts if part and part not in masks])
    if parts and not (masks or outlines):
        problems["empty polygon", "left out, the bbox counts"] += 1
    box = _box(annotation, outlines, problems)
    if not (masks or outlines):
        return Region(box, label)
    measured = shapes.united(outlines)[1] if outlines and not masks else None
    given = annotation.get("area")
    area = measured if given is None else number(given)
    if area == 0 and measured != 0:
        problems["area of 0", "that of the polygons" if measured else "counts as unknown"] += 1
        area = measured
    return Region(box, label, "mask" if masks else "polygon", area)


def _box(
    annotation: Mapping[str, Any], outlines: list[shapes.Outline], problems: Counts
) -> shapes.Box:
    """Return the `bbox`, or the box around the polygons if it is missing or has no size."""
    around = shapes.united(outlines)[0] if outlines else None
    if around is not None and not annotation.get("bbox"):
        return around
    if len(annotation["bbox"]) != 4:
        raise ValueError(f"its bbox has {len(annotation['bbox'])} numbers, not 4")
    x, y, width, height = (number(value) for value in annotation["bbox"])
    box, _ = shapes.rectangle(x, y, width, height)
    if around is not None and not width * height:
        problems["bbox without area", "that of the polygons"] += 1
        return around
    return box


def _polygons(parts: list[Any]) -> list[shapes.Outline]:
    """Return box and area of each polygon x1, y1, x2, y2, ..."""
    values = [[number(value) for value in part] for part in parts]
    return [shapes.polygon(each[0::2], each[1::2]) for each in values]
