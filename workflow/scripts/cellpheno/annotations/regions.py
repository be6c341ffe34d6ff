"""Annotated images and their regions, as every annotation format gives them."""

import collections
import dataclasses
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from cellpheno.errors import StudyError


@dataclasses.dataclass(frozen=True)
class Region:
    """One annotated cell.

    Attributes
    ----------
    box
        x_min, y_min, x_max, y_max in pixels, half-open.
    label
        What the annotator wrote. Readers leave blanks and line ends around it, so that what is
        taken off can be reported; empty where the format holds no class.
    shape
        What was drawn: rectangle, polygon, polyline, ellipse, circle or mask.
    area
        In square pixels; None where no more than the box is known.

    Raises
    ------
    ValueError
        When a number is not finite, or a side or the area is negative.
    """

    box: tuple[float, float, float, float]
    label: str
    shape: str = "rectangle"
    area: float | None = None

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (*self.box, self.area or 0))):
            raise ValueError(f"its numbers are not all finite ({self.box}, area {self.area})")
        if self.box[2] < self.box[0] or self.box[3] < self.box[1] or (self.area or 0) < 0:
            raise ValueError(f"its size is negative ({self.box}, area {self.area})")


@dataclasses.dataclass(frozen=True)
class Note:
    """What was found odd in an image and what was done about it.

    Attributes
    ----------
    problem, action
        In a few words, the same ones for the same thing.
    n
        How many regions it concerns.
    example
        One of them, where that helps.
    """

    problem: str
    action: str
    n: int
    example: str = ""


@dataclasses.dataclass(frozen=True)
class AnnotatedImage:
    """One image of an annotation file.

    Attributes
    ----------
    name
        As the annotation tool wrote it.
    regions
        Its cells; none where the annotator found none.
    source
        The file it was read from, for messages.
    annotator
        Who has gone through it; files do not tell, the config does.
    size
        Width and height in pixels, None where the file does not tell.
    gone_through
        Whether it counts as annotated; not so where it has no regions and the format cannot tell
        an image without cells from one that nobody has looked at.
    notes
        For annotations/report.tsv.
    """

    name: str
    regions: tuple[Region, ...]
    source: str
    annotator: str = ""
    size: tuple[float, float] | None = None
    gone_through: bool = True
    notes: tuple[Note, ...] = dataclasses.field(default=(), compare=False)


class FieldNames:
    """Tells which field of view an annotated image shows.

    An image is known by the name of its field or by the file of any of the field's channels,
    each without suffix (such as .tif or .ome.tif), so that cells may be outlined on a PNG made
    from a TIFF. As much of the path is compared as it takes to find one field only; where a name
    without folders is both a field's and that of another field's file, the field is meant. Where
    several fields fit, the image that lies beside the annotation file is meant.

    Parameters
    ----------
    fields
        Rows with `field` and one file per channel.
    channels
        Names of the entries that hold files.

    Attributes
    ----------
    rows
        The rows by field.
    """

    def __init__(self, fields: Iterable[Mapping[str, Any]], channels: Sequence[str]) -> None:
        self.rows = {row["field"]: row for row in fields}
        self._known: dict[str, set[str]] = collections.defaultdict(set)
        for row in self.rows.values():
            self._known[row["field"]].add(row["field"])
            for channel in channels:
                for ending in _endings(row[channel], keep_suffix=False):
                    self._known[ending].add(row["field"])

    def field(self, image: AnnotatedImage) -> str | None:
        """Return the field that an annotated image shows, None when the study has no such image.

        Raises
        ------
        StudyError
            When the name fits several fields.
        """
        fits: set[str] = set()
        for keep_suffix in (True, False):  # a field may be named with a dot in it
            for ending in _endings(image.name, keep_suffix):
                found = self._known.get(ending, set())
                if len(found) == 1:
                    return next(iter(found))
                if ending in self.rows and ending == _endings(image.name, keep_suffix)[0]:
                    return ending
                fits |= found
        beside = _endings(f"{PurePosixPath(image.source).parent}/{image.name}", keep_suffix=False)
        found = self._known.get(beside[0], set()) if beside else set()
        if len(found) == 1:
            return next(iter(found))
        if fits:
            raise StudyError(
                f"The image {image.name} in {image.source} may be any of the fields "
                f"{', '.join(sorted(fits)[:5])}; give its path as in the sample sheet, or name it "
                "after the field."
            )
        return None


def _endings(path: str, keep_suffix: bool) -> list[str]:
    """Return the path and what is left as folders are taken off its front, longest first."""
    # macOS writes letters and their accents apart, others together
    pure = PurePosixPath(unicodedata.normalize("NFC", path.replace("\\", "/")))
    if pure.name and not keep_suffix:
        pure = pure.with_name(pure.stem.removesuffix(".ome") or pure.stem)
    parts = pure.parts if pure.name else ()
    return ["/".join(parts[start:]) for start in range(len(parts))]


def check_classes(images: Iterable[AnnotatedImage], classes: Sequence[str]) -> None:
    """Refuse labels that are no class of the study.

    Raises
    ------
    StudyError
        For the first region with such a label.
    """
    for image in images:
        for region in image.regions:
            if region.label not in classes:
                raise StudyError(
                    f"The image {image.name} in {image.source} has a region of the class "
                    f"{region.label!r}, which is not among the config's classes "
                    f"({', '.join(classes)}); add it there, map it by annotations.rename, or "
                    "leave it out by annotations.ignore."
                )
