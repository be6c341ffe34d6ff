"""Annotated images of one annotator to tables: boxes in pixels of the fields, fields, report."""

import collections
import dataclasses
import logging
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cellpheno import boxes as geometry
from cellpheno.annotations.regions import AnnotatedImage, FieldNames, Note, check_classes
from cellpheno.errors import StudyError
from cellpheno.tables import ANNOTATION_REPORT, BOX_COLUMNS

logger = logging.getLogger(__name__)

ORDER = ["field", "y_min", "x_min", "y_max", "x_max", "label"]
REPORT_COLUMNS = [column.name for column in ANNOTATION_REPORT.columns]


@dataclasses.dataclass(frozen=True)
class Annotated:
    """What annotators have annotated.

    Attributes
    ----------
    boxes
        tables.BOXES, sorted by field, y_min, x_min.
    fields
        tables.ANNOTATED_FIELDS, sorted by field; those without cells have `n_boxes` 0.
    report
        tables.ANNOTATION_REPORT: what was changed or left out.
    """

    boxes: pd.DataFrame
    fields: pd.DataFrame
    report: pd.DataFrame


def to_tables(
    images: Sequence[AnnotatedImage], known: FieldNames, classes: Sequence[str]
) -> Annotated:
    """Put the annotated images of one annotator into tables.

    Images that are not in the sample sheet are left out. Boxes are clipped to their field; what
    has no area then, and what was drawn twice, is left out as well. A field that loses all its
    boxes so is not annotated: it was not found empty. All of this is in the report.

    Parameters
    ----------
    images
        Of the annotation files.
    known
        The study's fields, with `width` and `height`.
    classes
        The study's classes.

    Raises
    ------
    StudyError
        For a label that is no class, for a field that is annotated twice, and when no annotated
        image is in the sample sheet.
    """
    named = [(known.field(image), image) for image in images]
    rows = [
        _row(note, image.source, image.name, field)
        for field, image in named
        for note in image.notes
    ]
    rows += [
        _row(_unknown(image), image.source, image.name, None)
        for field, image in named
        if field is None
    ]
    placed = [(field, image) for field, image in named if field is not None]
    if images and not placed:
        raise StudyError(
            f"None of the {len(images)} annotated images is in the sample sheet (the annotations "
            f"name {', '.join(sorted({image.name for image in images})[:3])}); name them after the "
            "fields or after a channel's file."
        )
    placed = [(field, image) for field, image in placed if image.gone_through]
    _refuse_repeats(placed)
    check_classes([image for _, image in placed], classes)
    parts = [_boxes(field, image, known) for field, image in placed]
    for (field, image), (_, notes) in zip(placed, parts, strict=True):
        rows += [_row(note, image.source, image.name, field) for note in notes]
    lost = {
        f
        for (f, image), (part, _) in zip(placed, parts, strict=True)
        if image.regions and part.empty
    }
    boxes = joined([part for part, _ in parts])
    if boxes.empty:
        raise StudyError(
            f"The annotations hold no box that lies in its field ({_summary(rows) or 'none at all'}"
            "); correct annotations.files or the sample sheet."
        )
    return Annotated(
        boxes,
        annotated_fields({field for field, _ in placed} - lost, boxes),
        pd.DataFrame(rows, columns=REPORT_COLUMNS),
    )


def joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return one boxes table, sorted."""
    empty = _frame("", AnnotatedImage("", (), ""))
    together = pd.concat([empty, *(part for part in parts if len(part))], ignore_index=True)
    return together.sort_values(ORDER, kind="stable", ignore_index=True)


def annotated_fields(fields: Iterable[str], boxes: pd.DataFrame) -> pd.DataFrame:
    """Return the table of annotated fields, those without boxes too."""
    names = pd.Index(sorted(fields), name="field", dtype="str")
    counts = boxes["field"].value_counts().reindex(names, fill_value=0)
    return counts.rename("n_boxes").reset_index()


def _frame(field: str, image: AnnotatedImage) -> pd.DataFrame:
    """Return the regions of an image as rows of the boxes table."""
    regions = image.regions
    frame = pd.DataFrame([region.box for region in regions], columns=BOX_COLUMNS, dtype=float)
    frame.insert(0, "field", pd.Series([field] * len(regions), dtype="str"))
    frame["label"] = pd.Series([region.label for region in regions], dtype="str")
    frame["annotator"] = pd.Series([image.annotator] * len(regions), dtype="str")
    frame["area"] = pd.Series([region.area for region in regions], dtype=float)
    return frame


def _boxes(field: str, image: AnnotatedImage, known: FieldNames) -> tuple[pd.DataFrame, list[Note]]:
    """Return the boxes of an image that lie in its field, each once, and what became of others."""
    drawn = _frame(field, image)
    size = np.array([known.rows[field]["width"], known.rows[field]["height"]], dtype=float)
    if np.isnan(size).any():
        unread = Note("box of a field that could not be read", "left out", len(drawn))
        return drawn.iloc[:0], [unread] if len(drawn) else []
    notes = []
    edges = drawn[BOX_COLUMNS].to_numpy()
    clipped = geometry.clip(edges, *size)
    reached_over = (clipped != edges).any(axis=1)
    inside = drawn.assign(**dict(zip(BOX_COLUMNS, clipped.T, strict=True)))
    # how much of the outline lies in the field is not known
    inside.loc[reached_over, "area"] = np.nan
    empty = (geometry.area(edges) <= 0) | (drawn["area"] == 0).to_numpy()
    outside = ~empty & (geometry.area(clipped) <= 0)
    twice = inside.duplicated([*BOX_COLUMNS, "label"]).to_numpy() & ~empty & ~outside
    for chosen, problem, action in (
        (empty, "box without area", "left out"),
        (outside, "box outside the field", "left out"),
        (reached_over & ~empty & ~outside, "box over the edge of the field", "clipped"),
        (twice, "box drawn twice with one label", "left out once"),
    ):
        if chosen.any():
            notes.append(Note(problem, action, int(chosen.sum()), _example(drawn[chosen])))
    kept = inside[~(empty | outside | twice)]
    two_labels = kept.duplicated(BOX_COLUMNS).to_numpy()
    if two_labels.any():
        example = _example(kept[two_labels])
        notes.append(
            Note("box drawn twice with two labels", "kept", int(two_labels.sum()), example)
        )
    return kept, notes


def _example(boxes: pd.DataFrame) -> str:
    first = boxes.iloc[0]
    return f"{first['label']} " + " ".join(f"{first[edge]:g}" for edge in BOX_COLUMNS)


def _row(note: Note, source: str, image: str, field: str | None) -> list[object]:
    """Return a row of the report."""
    return [source, image, field, note.problem, note.action, note.n, note.example]


def _unknown(image: AnnotatedImage) -> Note:
    return Note("image that is not in the sample sheet", "left out", len(image.regions))


def _refuse_repeats(placed: Sequence[tuple[str, AnnotatedImage]]) -> None:
    """Raise when two annotated images show one field: its cells would count twice."""
    first: dict[str, AnnotatedImage] = {}
    for field, image in placed:
        other = first.setdefault(field, image)
        if other is not image:
            raise StudyError(
                f"The field {field} is annotated twice by {image.annotator}, as {other.name} in "
                f"{other.source} and as {image.name} in {image.source}, so its cells would count "
                "twice; leave one out, or name them as two annotators (further_annotators)."
            )


def log_report(report: pd.DataFrame) -> None:
    """Log in one line what annotations/report.tsv says in full."""
    rows = report[REPORT_COLUMNS].to_numpy().tolist()
    if rows:
        logger.warning("changed or left out (annotations/report.tsv has each): %s", _summary(rows))


def _summary(rows: Sequence[Sequence[object]]) -> str:
    """Return how often each problem occurs, with what was done."""
    images: collections.Counter[tuple[object, object]] = collections.Counter()
    regions: collections.Counter[tuple[object, object]] = collections.Counter()
    for _, _, _, problem, action, n, _ in rows:
        images[problem, action] += 1
        regions[problem, action] += n
    return "; ".join(
        f"{problem}, {action}: {regions[problem, action]} regions in {count} images"
        for (problem, action), count in sorted(images.items())
    )
