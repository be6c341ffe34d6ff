"""Pascal VOC: a folder with one XML file per image."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from cellpheno.annotations.regions import AnnotatedImage, Region
from cellpheno.errors import StudyError


def files(path: Path) -> list[Path]:
    """Return the XML files that a path means: a folder's, or the one it names.

    Raises
    ------
    StudyError
        When a folder holds none.
    """
    found = sorted(path.glob("*.xml")) if path.is_dir() else [path]
    if not found:
        raise StudyError(
            f"{path} holds no XML files; give the folder with the Pascal VOC annotations in "
            "annotations.files."
        )
    return found


def read(path: Path) -> list[AnnotatedImage]:
    """Read a folder of Pascal VOC files, or one file; each is an image that was annotated.

    An image has the name of its XML file, which is what VOC says and what survives when a
    folder is renamed; `<filename>`, `<path>` and `<size>` are not looked at. Coordinates count
    from 1 and the box includes its last pixel, so x_min and y_min lose 1 here.

    Raises
    ------
    StudyError
        When there are no XML files, or one is not Pascal VOC.
    """
    return [_read_file(file) for file in files(path)]


def _read_file(path: Path) -> AnnotatedImage:
    try:
        root = _parsed(path.read_bytes())
        regions = tuple(_region(item) for item in root.iter("object"))
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise StudyError(
            f"{path} cannot be read as a Pascal VOC annotation ({error}); export it again."
        ) from error
    return AnnotatedImage(path.stem, regions, str(path))


def _parsed(content: bytes) -> ElementTree.Element:
    """Parse XML without entities of its own: they can fill the memory or read other files."""
    if b"<!ENTITY" in content.replace(b"\0", b""):
        raise ValueError("it declares entities, which annotations do not need")
    return ElementTree.fromstring(content)


def _region(item: ElementTree.Element) -> Region:
    """Return one `<object>`."""
    label = (item.findtext("name") or "").strip()
    if not label:
        raise ValueError("an object has no <name>")
    edges = []
    for edge in ("xmin", "ymin", "xmax", "ymax"):
        text = item.findtext(f"bndbox/{edge}")
        if text is None:
            raise ValueError(f"the object {label} has no <{edge}>")
        edges.append(float(text))
    x_min, y_min, x_max, y_max = edges
    return Region((x_min - 1, y_min - 1, x_max, y_max), label)
