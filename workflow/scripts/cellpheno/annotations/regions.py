"""Represent annotated images and regions, and find their fields."""

import collections
import dataclasses
import filecmp
import itertools
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from cellpheno.core.errors import StudyError

LEFT_OUT = "left out"
"""The action for a region that is not among the boxes."""
WITHOUT_REGIONS = "image without regions"
"""The problem of an image that was not seen, or found empty."""
BOX_AROUND, WITHOUT_CELLS, MERGED = (
    "counts as the box around it",
    "counts as a field without cells",
    "merged into the senior one's",
)
"""Documented actions; all others are shown on the terminal."""


@dataclasses.dataclass(frozen=True)
class Region:
    """One annotated cell; a ValueError if a number is not finite or a size negative."""

    box: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max in pixels, half-open."""
    label: str
    """As written, with surrounding blanks so that their removal is reported; "" without a class."""
    shape: str = "rectangle"
    """Rectangle, polygon, polyline, ellipse, circle or mask."""
    area: float | None = None
    """In square pixels, None if only the box is known."""

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (*self.box, self.area or 0))):
            raise ValueError(f"its numbers are not all finite ({self.box}, area {self.area})")
        if self.box[2] < self.box[0] or self.box[3] < self.box[1] or (self.area or 0) < 0:
            raise ValueError(f"its size is negative ({self.box}, area {self.area})")


@dataclasses.dataclass(frozen=True)
class Note:
    """An oddity in an image, and what was done about it, in fixed words."""

    problem: str
    action: str
    n: int
    """Number of regions concerned."""
    example: str = ""


@dataclasses.dataclass(frozen=True)
class AnnotatedImage:
    """One image of an annotation file."""

    name: str
    """As the annotation tool wrote it."""
    regions: tuple[Region, ...]
    source: str
    """The annotation file, for messages."""
    annotator: str = ""
    """From the config, because files do not name it."""
    size: tuple[float, float] | None = None
    """Width and height in pixels, if known."""
    folder: str = ""
    """The folder of the image, if separate from the name."""
    gone_through: bool = True
    """Whether it counts as annotated; False without regions if the format lists unseen images."""
    complete: bool = True
    """Whether the regions contain every annotated cell, so that the rest shows none."""
    notes: tuple[Note, ...] = dataclasses.field(default=(), compare=False)
    """For annotations/report.tsv."""


class FieldNames:
    """Finds the field of view that an annotated image shows.

    The image is named after its field or after the file of any channel, without suffix (such as
    .tif or .ome.tif), so that cells may be outlined on a PNG of a TIFF. As much of the path is
    compared as is needed to find one field; a field's name has priority over file names. If
    several fields match, the one of the image next to the annotation file is meant.

    An image does not belong to the study if its own folder, or that of the annotation file, has
    another image file of its name, for example of another plate.

    `fields` are rows with `field` and one file for each of the `channels`; `rows` maps fields to
    them.
    """

    def __init__(self, fields: Iterable[Mapping[Any, Any]], channels: Sequence[str]) -> None:
        self.rows = {row["field"]: row for row in fields}
        self._channels = channels
        self._others: dict[tuple[str, str, str], Path | None] = {}
        self._known: dict[str, set[str]] = collections.defaultdict(set)
        for row in self.rows.values():
            self._known[row["field"]].add(row["field"])
            for channel in channels:
                for ending in _endings(row[channel], keep_suffix=False):
                    self._known[ending].add(row["field"])

    def field(self, image: AnnotatedImage) -> str | None:
        """Return the field that an annotated image shows, None if the study has no such image.

        Raises a StudyError when the name fits several fields.
        """
        fits = self._fitting(image)
        if not fits or self.other_file(image):
            return None
        if len(fits) > 1:
            raise StudyError(
                f"The image {image.name} in {image.source} may be any of the fields "
                f"{', '.join(sorted(fits)[:5])}; give its path as in the sample sheet, or name it "
                "after the field."
            )
        return next(iter(fits))

    def other_file(self, image: AnnotatedImage) -> Path | None:
        """Return the image file that an annotated image shows if it is not its field's file.

        A copy of a field's file, or a file with another suffix, counts as the field's.
        """
        key = image.name, image.folder, image.source
        if key not in self._others:
            own = self._files(self._fitting(image))
            candidates = self._candidates(image, own)
            there = (path for path in candidates if path.is_file() and str(path) != image.source)
            self._others[key] = next((path for path in there if not _among(path, own)), None)
        return self._others[key]

    def _candidates(self, image: AnnotatedImage, own: Sequence[Path]) -> Iterator[Path]:
        """Yield the paths that an image may mean in addition to its fields' files."""
        named = self._endings_of(image, own)
        agreed = max((_common(named, file) for file in own), default=0)
        source = Path(image.source)
        here = [source.parent, source.parent.parent] if source.exists() else []
        folders = dict.fromkeys([*here[:1], *(folder for file in own for folder in file.parents)])
        places = list(itertools.product(folders, named[: max(len(named) - max(agreed, 1), 0)]))
        if agreed < 2:
            places += itertools.product(here, named[-1:])
        for suffix in dict.fromkeys(_suffix(file) for file in own):
            for folder, ending in places:
                yield folder / f"{ending}{suffix}"

    def notes(self, image: AnnotatedImage) -> list[Note]:
        """Return notes on how the field of an image was found, or was not."""
        n = len(image.regions)
        other = self.other_file(image)
        if other is not None:
            return [Note("image of a file that is no field's", LEFT_OUT, n, str(other))]
        if self.field(image) is None:
            return [Note("image that is not in the sample sheet", LEFT_OUT, n)]
        if self._by_name_alone(image):
            problem = "image whose folder is not that of the field's file"
            return [Note(problem, "matched by its name alone", n, _with_folder(image))]
        return []

    def _by_name_alone(self, image: AnnotatedImage) -> bool:
        """Whether the image's folders differ from those of the only files of its name."""
        own = self._files(self._fitting(image))
        named = self._endings_of(image, own)
        own = [file for file in own if named and _common(named, file)]
        # only the last folders of a path on another machine are those of the study
        absolute = re.match(r"[/\\]|[A-Za-z]:", _with_folder(image)) is not None
        return bool(own) and all(
            _common(named, file) < (2 if absolute else min(len(named), len(file.parts)))
            for file in own
        )

    def _fitting(self, image: AnnotatedImage) -> set[str]:
        """Return the fields whose names fit an image."""
        fits: set[str] = set()
        for keep_suffix in (True, False):  # the name of a field may contain a dot
            for ending in _endings(image.name, keep_suffix):
                found = self._known.get(ending, set())
                if len(found) == 1:
                    return found
                if ending in self.rows and ending == _endings(image.name, keep_suffix)[0]:
                    return {ending}
                fits |= found
        for folder in (PurePosixPath(image.source).parent, image.folder):
            placed = _endings(f"{folder}/{image.name}", keep_suffix=False)
            found = self._known.get(placed[0], set()) if placed and fits else set()
            if len(found) == 1:
                return found
        return fits

    def _files(self, fields: Iterable[str]) -> list[Path]:
        """Return the files of fields."""
        return [Path(self.rows[field][channel]) for field in fields for channel in self._channels]

    def _endings_of(self, image: AnnotatedImage, own: Sequence[Path]) -> list[str]:
        """Return the endings of an image's path, with the folder from its file if any."""
        stems = {_endings(file.name, keep_suffix=False)[0] for file in own}
        whole = _endings(_with_folder(image), keep_suffix=True)
        keep_suffix = bool(whole) and whole[-1] in stems
        endings = whole if keep_suffix else _endings(_with_folder(image), keep_suffix=False)
        return [ending for ending in endings if ending.split("/")[0] not in ("..", ".", "/")]


def _endings(path: str, keep_suffix: bool) -> list[str]:
    """Return the path without its first folders, one fewer each time, longest first."""
    # macOS separates letters and accents, others join them
    pure = PurePosixPath(unicodedata.normalize("NFC", path.replace("\\", "/")))
    if pure.name and not keep_suffix:
        pure = pure.with_name(pure.stem.removesuffix(".ome") or pure.stem)
    parts = pure.parts if pure.name else ()
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _with_folder(image: AnnotatedImage) -> str:
    return f"{image.folder}/{image.name}" if image.folder else image.name


def _suffix(file: Path) -> str:
    return file.name[len(_endings(file.name, keep_suffix=False)[0]) :]


def _common(endings: Sequence[str], file: Path) -> int:
    """Return the number of equal parts of two paths, from their ends."""
    known = set(_endings(str(file), keep_suffix=False))
    return sum(ending in known for ending in endings)


def _among(path: Path, files: Iterable[Path]) -> bool:
    """Whether a file equals one of some files."""
    there = [file for file in files if file.is_file()]
    return any(filecmp.cmp(path, file, shallow=False) for file in there)


def check_classes(images: Iterable[AnnotatedImage], classes: Sequence[str]) -> None:
    """Raise a StudyError for the first label that is not a class of the study."""
    for image in images:
        for region in image.regions:
            if region.label not in classes:
                raise StudyError(
                    f"The image {image.name} in {image.source} has a region of the class "
                    f"{region.label!r}, which is not among the config's classes "
                    f"({', '.join(classes)}); add it there, map it by annotations.rename, or "
                    "leave it out by annotations.ignore."
                )
