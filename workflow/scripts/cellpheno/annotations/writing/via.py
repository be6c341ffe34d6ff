"""Write a project of VGG Image Annotator (VIA) 2 (A5).

Keys and their order are those of VIA 2.0.10 to 2.0.12. VIA expects an image next to its own page
under the name in the project, and identifies images that the user adds by name.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations.writing.picture import Picture

FILE = "via_project.json"


def write(
    folder: Path, pictures: Sequence[Picture], classes: Sequence[str], class_attribute: str
) -> Path:
    """Write a `project` into the folder of its images; return the path for `annotations.files`."""
    content = project(pictures, classes, class_attribute)
    path = folder / FILE
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def project(
    pictures: Sequence[Picture], classes: Sequence[str], class_attribute: str
) -> dict[str, Any]:
    """Return a project with one rectangle per box, and images in the given order.

    Edges keep fractions of a pixel, which VIA rounds if a box is moved. The classes are the
    choices of `class_attribute`; scores are shown in the attribute `score`.
    """
    images = {
        f"{picture.name}{picture.size}": {
            "filename": picture.name,
            "size": picture.size,
            "regions": [_region(cell, class_attribute) for cell in picture.cells()],
            "file_attributes": {},
        }
        for picture in pictures
    }
    attributes: dict[str, Any] = {}
    if any("score" in picture.boxes for picture in pictures):
        description = "how sure the classifier was; not read back"
        attributes["score"] = {"type": "text", "description": description, "default_value": ""}
    attributes[class_attribute] = {
        "type": "dropdown",
        "description": "class of the cell or structure",
        "options": dict.fromkeys(classes, ""),
        "default_options": {},
    }
    return {
        "_via_settings": _settings(class_attribute),
        "_via_img_metadata": images,
        "_via_attributes": {"region": attributes, "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(images),
    }


def _region(cell: Mapping[str, Any], class_attribute: str) -> dict[str, Any]:
    x, y = cell["x_min"], cell["y_min"]
    rectangle = {"x": x, "y": y, "width": cell["x_max"] - x, "height": cell["y_max"] - y}
    # VIA itself writes whole pixels
    whole = {key: int(v) if float(v).is_integer() else v for key, v in rectangle.items()}
    attributes = {"score": f"{cell['score']:.3f}"} if "score" in cell else {}
    return {
        "shape_attributes": {"name": "rect", **whole},
        "region_attributes": {**attributes, class_attribute: cell["label"]},
    }


def _settings(class_attribute: str) -> dict[str, Any]:
    """Return VIA's own settings, with regions named and coloured by class."""
    return {
        "ui": {
            "annotation_editor_height": 25,
            "annotation_editor_fontsize": 0.8,
            "leftsidebar_width": 18,
            "image_grid": {
                "img_height": 80,
                "rshape_fill": "none",
                "rshape_fill_opacity": 0.3,
                "rshape_stroke": "yellow",
                "rshape_stroke_width": 2,
                "show_region_shape": True,
                "show_image_policy": "all",
            },
            "image": {
                "region_label": class_attribute,
                "region_color": class_attribute,
                "region_label_font": "10px Sans",
                "on_image_annotation_editor_placement": "NEAR_REGION",
            },
        },
        "core": {"buffer_size": 18, "filepath": {}, "default_filepath": ""},
        "project": {"name": "via_project"},
    }
