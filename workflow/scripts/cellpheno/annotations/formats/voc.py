"""Read Pascal VOC: a folder with one XML file per image."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from cellpheno.annotations import documents, shapes
from cellpheno.annotations.documents import number, shown
from cellpheno.annotations.regions import AnnotatedImage, Region
from cellpheno.core.errors import StudyError


def read(path: Path) -> AnnotatedImage:
    """Read a Pascal VOC file, an annotated image with or without cells.

    The image has the name of its XML file, which survives when a folder is renamed; `<filename>`
    and `<path>` are ignored, and `<folder>` only separates images of the same name. Coordinates
    count from 1 and a box includes its last pixel, so x_min and y_min lose 1.

    Raises a StudyError when the file is not Pascal VOC.
    """
    content = documents.read_bytes(path)
    if b"encoding" not in content[:200] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        documents.read_text(path)  # names the byte that is not UTF-8, unlike the XML parser
    try:
        root = _parsed(content)
        if root.tag != "annotation":
            raise ValueError(f"its outermost element is <{shown(root.tag)}>, not <annotation>")
        regions = tuple(_region(item, count) for count, item in enumerate(root.iter("object"), 1))
        sides = [number(root.findtext(f"size/{side}") or 0) for side in ("width", "height")]
    # an unknown encoding is a LookupError, excessive depth a RecursionError
    except (ElementTree.ParseError, LookupError, RecursionError, ValueError) as error:
        raise StudyError(
            f"{shown(path)} cannot be read as a Pascal VOC annotation ({shown(error)}); export it "
            "again, or set annotations.format."
        ) from error
    size = (sides[0], sides[1]) if min(sides) > 0 else None
    folder = shown((root.findtext("folder") or "").strip())
    return AnnotatedImage(shown(path.stem), regions, shown(path), size=size, folder=folder)


def _parsed(content: bytes) -> ElementTree.Element:
    """Parse XML without entities, which could fill the memory or read other files."""
    if b"<!ENTITY" in content.replace(b"\0", b""):
        raise ValueError("it declares entities, which annotations do not need")
    return ElementTree.fromstring(content)


def _region(item: ElementTree.Element, count: int) -> Region:
    """Return one `<object>`."""
    label = item.findtext("name") or ""
    if not label.strip():
        raise ValueError(f"object {count} has no <name>")
    edges = []
    for edge in ("xmin", "ymin", "xmax", "ymax"):
        text = item.findtext(f"bndbox/{edge}")
        if text is None:
            raise ValueError(f"object {count} ({shown(label)}) has no <{edge}>")
        try:
            edges.append(number(text))
        except ValueError as error:
            raise ValueError(f"<{edge}> of object {count} ({shown(label)}): {error}") from error
    x_min, y_min, x_max, y_max = edges
    try:
        box, _ = shapes.corners(x_min - 1, y_min - 1, x_max, y_max)
    except ValueError as error:
        raise ValueError(f"object {count} ({shown(label)}): {error}") from error
    return Region(box, label)
