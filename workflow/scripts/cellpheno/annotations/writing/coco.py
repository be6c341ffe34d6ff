"""Write COCO: one JSON file for all images (object detection without masks)."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations.writing.picture import Picture

FILE = "coco.json"


def write(folder: Path, pictures: Sequence[Picture], classes: Sequence[str]) -> Path:
    """Write the file into the folder of its images; return the path for `annotations.files`."""
    content = json.dumps(document(pictures, classes), ensure_ascii=False, indent=1)
    path = folder / FILE
    path.write_text(content, encoding="utf-8")
    return path


def document(pictures: Sequence[Picture], classes: Sequence[str]) -> dict[str, Any]:
    """Return the document, with images and categories (classes) numbered from 1.

    `area` is the outline's, or else the box's. `segmentation` is empty, because a box is not an
    outline; `score` is as in COCO's detections.
    """
    number_of = {name: number for number, name in enumerate(classes, start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, picture in enumerate(pictures, start=1):
        size = {"width": picture.width, "height": picture.height}
        images.append({"id": image_id, "file_name": picture.name, **size})
        for cell in picture.cells():
            place = {"id": len(annotations) + 1, "image_id": image_id}
            annotations.append({**place, **_annotation(cell, number_of[cell["label"]])})
    return {
        "info": {"description": "cells, to be corrected"},
        "licenses": [],
        "categories": [
            {"id": number, "name": name, "supercategory": "cell"}
            for name, number in number_of.items()
        ],
        "images": images,
        "annotations": annotations,
    }


def _annotation(cell: Mapping[str, Any], category: int) -> dict[str, Any]:
    width, height = cell["x_max"] - cell["x_min"], cell["y_max"] - cell["y_min"]
    score = {"score": cell["score"]} if "score" in cell else {}
    return {
        "category_id": category,
        "bbox": [cell["x_min"], cell["y_min"], width, height],
        "area": cell.get("area", width * height),
        "segmentation": [],
        "iscrowd": 0,
        **score,
    }
