"""Write labelme: one JSON file next to each image, and the list of classes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations.writing.picture import Picture

CLASSES = "classes.txt"
"""One class per line, for labelme's option `--labels`."""

FIELD = "field"
"""Key of the field's name if the image has another one; labelme keeps it."""

VERSION = "5.5.0"
"""Version of the format; labelme reads older ones."""


def write(
    folder: Path, pictures: Sequence[Picture], classes: Sequence[str], numbered: bool = False
) -> Path:
    """Write a file next to each image, even without boxes; return the path for annotations.files.

    With `numbered`, images are named 001_<field> in the order of `pictures`, because labelme sorts
    by name.
    """
    for number, picture in enumerate(pictures, 1):
        content = document(picture)
        if numbered:
            name = f"{number:0{max(3, len(str(len(pictures))))}d}_{picture.field}"
            content |= {"imagePath": f"{name}.png", FIELD: picture.field}
            (folder / picture.name).rename(folder / f"{name}.png")
        text = json.dumps(content, ensure_ascii=False, indent=2)
        path = (folder / content["imagePath"]).with_suffix(".json")
        path.write_text(text, encoding="utf-8")
    lines = "".join(f"{name}\n" for name in classes)
    (folder / CLASSES).write_text(lines, encoding="utf-8")
    return folder


def document(picture: Picture) -> dict[str, Any]:
    """Return labelme's document for one image, with a rectangle per box.

    The image is next to the file, not in it. The description of a shape contains its score,
    because labelme has no other place for it.
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
