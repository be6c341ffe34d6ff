"""Convert the annotated images of one annotator to tables of boxes and fields and a report."""

import collections
import dataclasses
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.annotations import placement
from cellpheno.annotations.regions import (
    BOX_AROUND,
    LEFT_OUT,
    MERGED,
    WITHOUT_CELLS,
    AnnotatedImage,
    FieldNames,
    Note,
    check_classes,
)
from cellpheno.core import boxes as geometry
from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.tables.annotations import ANNOTATION_REPORT
from cellpheno.tables.columns import BOX_COLUMNS

ORDER = ["field", "y_min", "x_min", "y_max", "x_max", "label"]
REPORT_COLUMNS = [column.name for column in ANNOTATION_REPORT.columns]

_INCOMPLETE = Note("field of which a cell was left out", "does not count as complete", 0)


@dataclasses.dataclass(frozen=True)
class Annotated:
    """Tables of annotations."""

    boxes: pd.DataFrame
    """BOXES, sorted by field, y_min, x_min."""
    fields: pd.DataFrame
    """ANNOTATED_FIELDS, sorted by field, also those without cells."""
    report: pd.DataFrame
    """ANNOTATION_REPORT of changes and omissions."""

    @property
    def complete(self) -> set[str]:
        """The fields whose cells are all among the boxes."""
        return set(self.fields.loc[self.fields["complete"], "field"])


def to_tables(
    images: Sequence[AnnotatedImage], known: FieldNames, classes: Sequence[str]
) -> Annotated:
    """Convert the annotated images of one annotator to tables.

    Images that are not in the sample sheet are left out. Boxes are clipped to their field; those
    that are then smaller than a pixel, clicks of one pixel, and repeated ones are left out. A field
    that loses a cell in this way is not complete, and one that loses all boxes is not annotated,
    because it was not found empty. The report lists all of this.

    Raises a StudyError for an unknown label, a field that is annotated twice, boxes of pictures of
    another size, and when no annotated image is in the sample sheet.
    """
    named = [(known.field(image), image) for image in images]
    rows = [
        _row(note, image, field)
        for field, image in named
        for note in (*image.notes, *known.notes(image))
    ]
    placed = _placed(named, known)
    check_classes([image for _, image in placed], classes)
    drawn = _drawn(placed)
    # NaN of unreadable fields
    sides = [(known.rows[name]["width"], known.rows[name]["height"]) for name in drawn["field"]]
    sizes = np.array(sides, float).reshape(-1, 2)
    files = np.array(_files(placed), dtype=object)[drawn["image"].to_numpy()]
    placement.check(
        drawn[BOX_COLUMNS].to_numpy(), sizes, drawn["field"].to_numpy(dtype=object), files
    )
    boxes, lost, findings = _inside(drawn, sizes)
    if boxes.empty:
        rows += [_row(note, placed[number][1], placed[number][0]) for number, note in findings]
        raise StudyError(
            "The annotations contain no box that lies in its field "
            f"({_summary(rows) or 'none at all'}); correct annotations.files or the sample sheet."
        )
    fields = {field for field, _ in placed} - (set(drawn["field"]) - set(boxes["field"]))
    incomplete = fields & (lost | {field for field, image in placed if not image.complete})
    findings += [
        (number, _INCOMPLETE) for number, (field, _) in enumerate(placed) if field in incomplete
    ]
    rows += [_row(note, placed[number][1], placed[number][0]) for number, note in findings]
    boxes = boxes.drop(columns="image").sort_values(ORDER, kind="stable", ignore_index=True)
    report = pd.DataFrame(rows, columns=REPORT_COLUMNS)
    return Annotated(boxes, annotated_fields(fields, boxes, incomplete), report)


def labels_drawn(images: Iterable[AnnotatedImage], known: FieldNames) -> pd.DataFrame:
    """Return `field` and `label` of every region in the study's fields, readable or not."""
    named = [(known.field(image), image) for image in images]
    rows = [(field, region.label) for field, image in named if field for region in image.regions]
    return pd.DataFrame(rows, columns=["field", "label"])


def annotated_fields(
    fields: Iterable[str], boxes: pd.DataFrame, incomplete: Collection[str] = ()
) -> pd.DataFrame:
    """Return ANNOTATED_FIELDS, with those that lack boxes and those with unboxed cells."""
    names = pd.Index(sorted(fields), name="field", dtype="str")
    counts = boxes["field"].value_counts().reindex(names, fill_value=0)
    table = counts.rename("n_boxes").reset_index()
    return table.assign(complete=~table["field"].isin(list(incomplete)))


def _files(placed: Sequence[tuple[str, AnnotatedImage]]) -> list[str]:
    """Return the file of each image, or its folder if the file has only this image."""
    images = collections.Counter(image.source for _, image in placed)
    return [
        image.source if images[image.source] > 1 else str(PurePosixPath(image.source).parent)
        for _, image in placed
    ]


def _drawn(placed: Sequence[tuple[str, AnnotatedImage]]) -> pd.DataFrame:
    """Return all regions as rows of the boxes table, with their image numbers."""
    regions = [
        (number, field, image.annotator, region)
        for number, (field, image) in enumerate(placed)
        for region in image.regions
    ]
    boxes = np.array([region.box for *_, region in regions], dtype=float).reshape(-1, 4)
    return pd.DataFrame(
        {
            "image": pd.Series([number for number, *_ in regions], dtype=int),
            "field": pd.Series([field for _, field, *_ in regions], dtype="str"),
            **dict(zip(BOX_COLUMNS, boxes.T, strict=True)),
            "label": pd.Series([region.label for *_, region in regions], dtype="str"),
            "annotator": pd.Series([annotator for *_, annotator, _ in regions], dtype="str"),
            "area": pd.Series([region.area for *_, region in regions], dtype=float),
        }
    )


def _inside(
    drawn: pd.DataFrame, sizes: npt.NDArray[np.float64]
) -> tuple[pd.DataFrame, set[str], list[tuple[Any, Note]]]:
    """Return the boxes in their fields without repeats, the fields of lost ones, and notes."""
    edges = drawn[BOX_COLUMNS].to_numpy()
    clipped = np.clip(edges, 0, np.hstack([sizes, sizes]))
    unread = np.isnan(sizes).any(axis=1)
    empty = ~unread & ((geometry.area(edges) <= 0) | (drawn["area"] == 0).to_numpy())
    tiny = ~unread & ~empty & (_below_a_pixel(edges) | _clicks(drawn))
    outside = ~unread & ~empty & ~tiny & _below_a_pixel(clipped)
    sound = ~unread & ~empty & ~tiny & ~outside
    reached_over = sound & (clipped != edges).any(axis=1)
    inside = drawn.assign(**dict(zip(BOX_COLUMNS, clipped.T, strict=True)))
    # the part of the outline within the field is not known
    inside.loc[reached_over, "area"] = np.nan
    twice = _repeats(inside, sound, ["image", *BOX_COLUMNS, "label"])
    other_label = ~twice & _repeats(inside, sound, ["image", *BOX_COLUMNS])
    notes = [
        (number, Note(problem, action, len(part), _example(part)))
        for chosen, problem, action in (
            (unread, "box of a field that could not be read", LEFT_OUT),
            (empty, "box without area", LEFT_OUT),
            (tiny, "box of a pixel or less", LEFT_OUT),
            (outside, "box outside the field", LEFT_OUT),
            (reached_over, "box over the edge of the field", "clipped"),
            (twice, "box drawn twice with one label", "left out once"),
            (other_label, "box drawn twice with two labels", "kept"),
        )
        for number, part in drawn.loc[np.asarray(chosen)].groupby("image")
    ]
    return inside[sound & ~twice], set(drawn.loc[~sound, "field"]), notes


def _repeats(
    boxes: pd.DataFrame, sound: npt.NDArray[np.bool_], columns: list[str]
) -> npt.NDArray[np.bool_]:
    """Return which sound boxes repeat an earlier sound one."""
    repeats = sound.copy()
    repeats[sound] = boxes.loc[sound, columns].duplicated()
    return repeats


def _below_a_pixel(edges: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which boxes are narrower or lower than a pixel."""
    return (edges[:, 2] - edges[:, 0] < 1) | (edges[:, 3] - edges[:, 1] < 1)


def _clicks(drawn: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which drawn boxes are a single pixel: a click, unlike a pixel of a mask."""
    edges = drawn[BOX_COLUMNS].to_numpy()
    return (edges[:, 2:] - edges[:, :2] <= 1).all(axis=1) & drawn["area"].isna().to_numpy()


def _example(boxes: pd.DataFrame) -> str:
    first = boxes.iloc[0]
    return f"{first['label']} " + " ".join(f"{first[edge]:g}" for edge in BOX_COLUMNS)


def _row(note: Note, image: AnnotatedImage, field: str | None) -> list[object]:
    """Return a row of the report."""
    return [image.source, image.name, field, note.problem, note.action, note.n, note.example]


def _placed(
    named: Sequence[tuple[str | None, AnnotatedImage]], known: FieldNames
) -> list[tuple[str, AnnotatedImage]]:
    """Return the study's images that count as annotated, with their fields."""
    placed = [(field, image) for field, image in named if field is not None]
    if named and not placed:
        names = sorted({image.name for _, image in named})
        others = [str(path) for _, image in named if (path := known.other_file(image))]
        shown = f", and {others[0]} exists but belongs to no field" if others else ""
        raise StudyError(
            f"None of the {len(named)} annotated images is in the sample sheet (the annotations "
            f"name {', '.join(names[:3])}{shown}); name them after the fields or after a channel's "
            "file."
        )
    placed = [(field, image) for field, image in placed if image.gone_through]
    _refuse_repeats(placed)
    return placed


def _refuse_repeats(placed: Sequence[tuple[str, AnnotatedImage]]) -> None:
    """Raise a StudyError when two annotated images show one field."""
    first: dict[str, AnnotatedImage] = {}
    for field, image in placed:
        other = first.setdefault(field, image)
        if other is not image:
            raise StudyError(
                f"The field {field} is annotated twice by {image.annotator}, as {other.name} in "
                f"{other.source} and as {image.name} in {image.source}, so its cells would count "
                "twice; leave one out, or name them as two annotators (further_annotators)."
            )


def warn_of(report: pd.DataFrame, file: str) -> None:
    """Warn in one line of the ANNOTATION_REPORT's omissions, changes and guesses."""
    rows = report[REPORT_COLUMNS].to_numpy().tolist()
    ordinary = (BOX_AROUND, WITHOUT_CELLS, MERGED)
    odd = [row for row in rows if row[4] not in ordinary]
    if odd:
        notices.warn(f"Annotations were changed or left out ({file} has each): {_summary(odd)}.")


def _summary(rows: Sequence[Sequence[Any]]) -> str:
    """Return the number of each problem with its action."""
    images: collections.Counter[tuple[object, object]] = collections.Counter()
    regions: collections.Counter[tuple[object, object]] = collections.Counter()
    for _, _, _, problem, action, n, _ in rows:
        images[problem, action] += 1
        regions[problem, action] += n
    return "; ".join(
        f"{problem}, {action}: "
        + (f"{regions[problem, action]} regions in " if regions[problem, action] else "")
        + f"{count} images"
        for (problem, action), count in sorted(images.items())
    )
