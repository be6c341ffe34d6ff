"""A sound file of every annotation format, and what must hold of whatever is read from one."""

import io
import json
import math
from pathlib import Path

import numpy as np
import tifffile
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image

from cellpheno.annotations.formats import registry
from cellpheno.core.errors import StudyError

FUZZ = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

VIA_RECTANGLE = {"name": "rect", "x": 1, "y": 2, "width": 10, "height": 20}
VIA_ELLIPSE = {"name": "ellipse", "cx": 9, "cy": 9, "rx": 3.5, "ry": 2, "theta": 0.3}
VIA_POLYGON = {"name": "polygon", "all_points_x": [1, 9, 5], "all_points_y": [1, 2, 8]}
VIA = {
    "_via_settings": {"project": {"name": "p"}},
    "_via_img_metadata": {
        "a.png12": {
            "filename": "a.png",
            "size": 12,
            "regions": [
                {"shape_attributes": shape, "region_attributes": {"class": label}}
                for shape, label in [
                    (VIA_RECTANGLE, "living"),
                    (VIA_ELLIPSE, {"dead": True, "living": False}),
                    (VIA_POLYGON, "dead"),
                ]
            ],
            "file_attributes": {},
        }
    },
    "_via_attributes": {"region": {"class": {"type": "text"}}, "file": {}},
}
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
    "categories": [{"id": 1, "name": "living"}, {"id": 2, "name": "dead"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 20], "area": 150.5}
        | {"segmentation": [[1, 2, 11, 2, 11, 22]], "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 2], "iscrowd": 1}
        | {"segmentation": {"size": [48, 64], "counts": [0, 2, 46, 2, 3022]}, "area": 4},
    ],
}
LABELME = {
    "version": "5.5.0",
    "flags": {},
    "shapes": [
        {"label": "living", "points": [[1, 2], [11, 22.5]], "shape_type": "rectangle"},
        {"label": "dead", "points": [[1, 2], [9, 2], [5, 8]], "shape_type": "polygon"},
        {"label": "dead", "points": [[9, 9], [12, 9]], "shape_type": "circle"},
    ],
    "imagePath": "a.png",
    "imageData": None,
    "imageHeight": 48,
    "imageWidth": 64,
}
VOC = (
    '<?xml version="1.0" encoding="utf-8"?><annotation><filename>a.png</filename>'
    "<size><width>64</width><height>48</height><depth>1</depth></size>"
    "<object><name>living</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>11</xmax><ymax>22</ymax>"
    "</bndbox></object><object><name>größer</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
    "<xmax>5.5</xmax><ymax>5</ymax></bndbox></object></annotation>"
)


def dumped(document: object) -> bytes:
    return json.dumps(document).encode()


def mask() -> np.ndarray:
    """Two cells."""
    labels = np.zeros((48, 64), np.uint16)
    labels[2:9, 3:12] = 1
    labels[20:30, 40:64] = 700
    return labels


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


SOUND: dict[str, dict[str, bytes]] = {
    "via": {
        "a.json": dumped(VIA),
        "a.csv": b"filename,file_size,file_attributes,region_count,region_id,"
        b"region_shape_attributes,region_attributes\n"
        b'a.png,12,"{}",1,0,"{""name"":""rect"",""x"":1,""y"":2,""width"":3,""height"":4}",'
        b'"{""class"":""living""}"\nb.png,13,"{}",0,0,"{}","{}"\n',
    },
    "voc": {"a.xml": VOC.encode()},
    "coco": {"a.json": dumped(COCO)},
    "labelme": {"a.json": dumped(LABELME)},
    "csv": {
        "a.csv": "image,x_min,y_min,x_max,y_max,label,area\na.png,1,2,11,22,living,150.5\n"
        'b.png,,,,,,\n"a.png",0,0.5,4,2,"größer, ""x""",\n'.encode()
    },
    "masks": {
        "a.png": png(mask()),
        "a.tif": tiff(mask()),
        "b.tif": tiff(mask(), compression="zlib", predictor=2, tile=(16, 16)),
    },
    "object_masks": {"a_1.png": png(mask()), "a_2.tif": tiff(mask())},
}
"""For each format, files that its reader takes."""

FILES = [(name, file) for name, files in SOUND.items() for file in files]
DOCUMENTS = {"via": VIA, "coco": COCO, "labelme": LABELME}

SETTINGS = {
    "class_attribute": "class",
    "suffix": "",
    "crowds": "leave_out",
    "columns": {},
    "label": None,
    "label_column": None,
}


def read(name: str, path: Path, content: bytes) -> list | None:
    """Read a file of this content; give its images, or None when it was refused in one sentence."""
    path.write_bytes(content)
    try:
        images = registry.READERS[name](path, SETTINGS)
    except StudyError as error:
        sentence = str(error)
        assert sentence.isprintable(), "one line, of characters that any log can hold"
        assert path.name in sentence
        return None
    for image in images:
        assert image.name.encode() is not None, "a name that can be written"
        for region in image.regions:
            assert len(region.box) == 4
            assert all(isinstance(edge, float) and math.isfinite(edge) for edge in region.box)
            x_min, y_min, x_max, y_max = region.box
            assert x_min <= x_max
            assert y_min <= y_max
            assert region.label.encode() is not None
            assert region.area is None or (math.isfinite(region.area) and region.area >= 0)
    return images


words = st.one_of(
    st.sampled_from(["", " ", "a.png", "../../a.png", "C:\\", "class", "living", "\ud800", "\0"]),
    st.sampled_from(["a\nb\r\u2028c", "\u202e\x1b[31m", "x" * 5000, "{0}%s", "1e999", "1_0"]),
    st.text(max_size=8),
)
numbers = st.one_of(
    st.sampled_from([0, -1, 2, 1e308, -1e308, 10**400, -(10**400), 2**63, 5e-324]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(),
)
