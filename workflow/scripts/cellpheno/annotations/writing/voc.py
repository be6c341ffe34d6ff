"""Write Pascal VOC: one XML file per image, as in the CCA data set (C11)."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from cellpheno.annotations.writing.picture import Picture
from cellpheno.tables.columns import BOX_COLUMNS

EDGES = ("xmin", "ymin", "xmax", "ymax")


def write(folder: Path, pictures: Sequence[Picture]) -> Path:
    """Write a file for each image, even without boxes; return the path for `annotations.files`."""
    for picture in pictures:
        path = folder / f"{picture.field}.xml"
        path.write_text(document(picture), encoding="utf-8")
    return folder


def document(picture: Picture) -> str:
    """Return the XML of one image.

    Coordinates count from 1 and a box includes its last pixel, so its lower edges gain 1.
    """
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = picture.name
    size = ElementTree.SubElement(root, "size")
    for side, value in {"width": picture.width, "height": picture.height, "depth": 3}.items():
        ElementTree.SubElement(size, side).text = str(value)
    for cell in picture.cells():
        item = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(item, "name").text = str(cell["label"])
        box = ElementTree.SubElement(item, "bndbox")
        for edge, column, first in zip(EDGES, BOX_COLUMNS, (1, 1, 0, 0), strict=True):
            ElementTree.SubElement(box, edge).text = f"{cell[column] + first:.10g}"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
