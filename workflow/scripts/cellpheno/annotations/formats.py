"""Annotation formats by name: the one place that a new format is entered."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations import via, voc
from cellpheno.annotations.regions import AnnotatedImage, classify

Reader = Callable[[Path, Mapping[str, Any]], list[AnnotatedImage]]

READERS: dict[str, Reader] = {
    "via": lambda path, settings: via.read(path, settings["class_attribute"]),
    "voc": lambda path, settings: voc.read(path),
}
"""`annotations.format` of the config: reader, from a file or folder and the section.

A reader gives every image that an annotator has gone through, those without cells too; where the
format cannot tell these from images that were not annotated, it leaves them out.
"""


def read(files: Sequence[str | Path], settings: Mapping[str, Any]) -> list[AnnotatedImage]:
    """Read annotation files; labels are the config's classes where `rename` says so.

    Parameters
    ----------
    files
        Files, or folders where the format has them.
    settings
        The config's section `annotations`: `format`, `class_attribute`, `rename`.
    """
    reader = READERS[settings["format"]]
    images = [image for file in files for image in reader(Path(file), settings)]
    return classify(images, settings["rename"])


def sources(files: Sequence[str | Path], settings: Mapping[str, Any]) -> list[Path]:
    """Return every single file that is read, so that a change in any of them is noticed."""
    if settings["format"] != "voc":
        return [Path(file) for file in files]
    return [source for file in files for source in voc.files(Path(file))]
