"""List annotation files and their classes before any compute.

The Snakefile imports this module, so it contains only formats that need no image libraries.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cellpheno.annotations import cleaning
from cellpheno.annotations.documents import shown
from cellpheno.annotations.formats import boxes_csv, coco, labelme, via, voc
from cellpheno.annotations.regions import AnnotatedImage
from cellpheno.core.errors import StudyError

Settings = Mapping[str, Any]
"""The config's section `annotations` for one annotator (see `configuration.annotators`)."""

Reader = Callable[[Path, Settings], list[AnnotatedImage]]

TEXT_READERS: dict[str, Reader] = {
    "via": lambda path, settings: via.read(path, settings["class_attribute"]),
    "voc": lambda path, settings: [voc.read(path)],
    "coco": lambda path, settings: coco.read(path, settings["crowds"]),
    "labelme": lambda path, settings: [labelme.read(path)],
    "csv": lambda path, settings: boxes_csv.read(path, settings["columns"], with_class(settings)),
}
"""Readers of the text formats, from a single file and the section."""

ONE_FILE_PER_IMAGE = {
    "voc": (".xml",),
    "labelme": (".json",),
    "masks": (".png", ".tif", ".tiff"),
    "object_masks": (".png", ".tif", ".tiff"),
}
"""Formats that come as folders, and the suffixes of their files."""


def sources(files: Sequence[str | Path], settings: Settings) -> list[Path]:
    """Return every file that is read, so that a change in any of them is noticed.

    Raises a StudyError when a folder has no file of the format, or the format does not come as a
    folder.
    """
    return [source for file in files for source in _sources(Path(file), settings)]


def _sources(path: Path, settings: Settings) -> list[Path]:
    if not path.is_dir():
        return [path]
    endings = ONE_FILE_PER_IMAGE.get(settings["format"])
    if endings is None:
        raise StudyError(
            f"{shown(path)} in annotations.files is a folder, but the format "
            f"{settings['format']} comes as single files; name the files."
        )
    behind = settings["suffix"] if settings["format"] in ("masks", "object_masks") else ""
    try:
        found = sorted(
            file
            for file in path.iterdir()
            # macOS leaves hidden files with the same suffix behind
            if file.suffix.lower() in endings
            and file.stem.endswith(behind)
            and not file.name.startswith(".")
        )
    except OSError as error:
        raise StudyError(
            f"The folder {shown(path)} in annotations.files cannot be read ({error.strerror}); "
            "correct its permissions."
        ) from error
    if not found:
        names = " or ".join(f"*{behind}{ending}" for ending in endings)
        raise StudyError(
            f"{shown(path)} contains no {names} files; name the folder of the annotations in "
            "annotations.files, or set annotations.format."
        )
    return found


def labels(
    files: Sequence[str | Path], settings: Settings, written: Mapping[str, Sequence[str]]
) -> Iterator[set[str]]:
    """Yield the classes of each file, so that the caller may stop when all were seen.

    Files are not opened if the config, or a column of the sample sheet (`written`), has the
    class.

    Raises a StudyError for the first file that cannot be read.
    """
    paths = sources(files, settings)
    if not with_class(settings):
        column = settings["label_column"]
        given = [settings["label"]] if column is None else written[column]
        tidied = {cleaning.tidy(label) for label in given} - {"", *settings["ignore"]}
        yield {settings["rename"].get(label, label) for label in tidied}
        return
    for path in paths:
        images = TEXT_READERS[settings["format"]](path, settings)
        cleaning.refuse_shares(images)
        cleaned = cleaning.clean(images, settings)
        yield {region.label for image in cleaned for region in image.regions}


def check_apart(
    files: Sequence[str | Path], settings: Settings, images: Mapping[str, Sequence[str]]
) -> None:
    """Raise a StudyError for masks that the sample sheet lists as images.

    `images` are the sample sheet's column `field` and its columns of image files, with paths as
    in `files`.
    """
    folder = functools.cache(lambda path: path.resolve())  # once per folder, not per file
    taken = {
        folder(Path(path).parent) / Path(path).name: field
        for column, paths in images.items()
        if column != "field"
        for path, field in zip(paths, images["field"], strict=True)
    }
    for path in sources(files, settings):
        field = taken.get(folder(path.parent) / path.name)
        if field is not None:
            raise StudyError(
                f"{shown(path)} belongs to annotations.files, but the sample sheet has it as an "
                f"image of the field {field}; remove the rows of such fields, or make the sheet "
                "again with a pattern that fits only the images."
            )


def with_class(settings: Settings) -> bool:
    """Return whether the annotation file contains the class of a region."""
    return settings["label"] is None and settings["label_column"] is None
