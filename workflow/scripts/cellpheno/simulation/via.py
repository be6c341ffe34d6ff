"""The project file that VGG Image Annotator 2 saves, written for simulated annotations (A5)."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

_SETTINGS = {
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
            "region_label": "class",
            "region_color": "class",
            "region_label_font": "10px Sans",
            "on_image_annotation_editor_placement": "NEAR_REGION",
        },
    },
    "core": {"buffer_size": 18, "filepath": {}, "default_filepath": ""},
    "project": {"name": "via_project"},
}


def project(fields: Sequence[str], truth: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    """Return a VIA 2 project: one rectangle with a class per row of the truth.

    Parameters
    ----------
    fields
        Fields that are annotated, each as an image `<field>.png`. As for images that VIA loads
        from an address, the file size is -1.
    truth
        The table `tables.TRUTH`; rows of other fields are passed over.
    classes
        Choices of the region attribute `class`.
    """
    rows = {field: part.to_dict("records") for field, part in truth.groupby("field")}
    images = {
        f"{field}.png-1": {
            "filename": f"{field}.png",
            "size": -1,
            "regions": [_region(row) for row in rows.get(field, [])],
            "file_attributes": {},
        }
        for field in fields
    }
    attribute = {
        "type": "dropdown",
        "description": "class of the cell or structure",
        "options": dict.fromkeys(classes, ""),
        "default_options": {},
    }
    return {
        "_via_settings": _SETTINGS,
        "_via_img_metadata": images,
        "_via_attributes": {"region": {"class": attribute}, "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(images),
    }


def _region(row: dict[str, Any]) -> dict[str, Any]:
    x, y = int(row["x_min"]), int(row["y_min"])
    rectangle = {"name": "rect", "x": x, "y": y}
    rectangle |= {"width": int(row["x_max"]) - x, "height": int(row["y_max"]) - y}
    return {"shape_attributes": rectangle, "region_attributes": {"class": row["label"]}}
