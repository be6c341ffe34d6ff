"""labelme: one JSON file beside each image, and the list of classes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations.writing.picture import Picture

CLASSES = "classes.txt"
"""One class per line, for labelme's option `--labels`."""

VERSION = "5.5.0"
"""Of the format: labelme reads files of its older versions."""


def write(folder: Path, pictures: Sequence[Picture], classes: Sequence[str]) -> Path:
    """Write a file beside each image; return what a reader is to be given.

    Parameters
    ----------
    folder
        Holds the images.
    pictures
        Those without boxes get a file too: that says that they were gone through.
    classes
        Of the study.
    """
    for picture in pictures:
        content = json.dumps(document(picture), ensure_ascii=False, indent=2)
        (folder / f"{picture.field}.json").write_text(content, encoding="utf-8")
    lines = "".join(f"{name}\n" for name in classes)
    (folder / CLASSES).write_text(lines, encoding="utf-8")
    return folder


def document(picture: Picture) -> dict[str, Any]:
    """Return what labelme saves for one image, with a rectangle per box.

    The image lies beside the file and is not put into it. A score is shown in the description of
    its shape, because labelme has no place for one.
    """
    return {
        "version": VERSION,
        "flags": {},
        "shapes": [_shape(cell) for cell in picture.cells()],
        "imagePath": picture.name,
        "imageData": None,
        "imageHeight": picture.height,
        "imageWidth": picture.width,
    }


def _shape(cell: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": cell["label"],
        "points": [[cell["x_min"], cell["y_min"]], [cell["x_max"], cell["y_max"]]],
        "group_id": None,
        "description": f"score {cell['score']:.3f}" if "score" in cell else "",
        "shape_type": "rectangle",
        "flags": {},
        "mask": None,
    }
