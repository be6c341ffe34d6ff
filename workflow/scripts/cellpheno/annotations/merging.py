"""Merge the boxes of several annotators, with priority to the senior one (C7)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.annotations.regions import MERGED
from cellpheno.annotations.table import ORDER, REPORT_COLUMNS, Annotated, annotated_fields
from cellpheno.core import boxes as geometry
from cellpheno.tables.columns import BOX_COLUMNS


def merge(annotators: Sequence[Annotated], max_iou: float) -> Annotated:
    """Unite the boxes of annotators, senior first, by non-maximum suppression (C7).

    A box that overlaps one of a more senior annotator by more than `max_iou` is dropped. Boxes of
    one annotator never suppress each other, because overlapping boxes mean two cells.
    """
    first, *others = annotators
    boxes, reports = first.boxes, [first.report]
    for other in others:
        repeats = _suppressed(boxes, other.boxes, max_iou)
        reports += [other.report, _merged(other.boxes[repeats])]
        boxes = pd.concat([boxes, other.boxes[~repeats]])
    fields = {field for annotated in annotators for field in annotated.fields["field"]}
    # one annotator who drew all cells of a field is enough
    complete = {field for annotated in annotators for field in annotated.complete}
    boxes = boxes.sort_values(ORDER, kind="stable", ignore_index=True)
    report = pd.concat([report for report in reports if len(report)] or reports[:1])
    return Annotated(
        boxes, annotated_fields(fields, boxes, fields - complete), report.reset_index(drop=True)
    )


def _suppressed(kept: pd.DataFrame, boxes: pd.DataFrame, max_iou: float) -> npt.NDArray[np.bool_]:
    """Return whether boxes overlap a kept one of their field by more than `max_iou`."""
    rows_of = kept.groupby("field").indices
    senior, junior = kept[BOX_COLUMNS].to_numpy(), boxes[BOX_COLUMNS].to_numpy()
    suppressed = np.zeros(len(boxes), dtype=bool)
    for field, rows in boxes.groupby("field").indices.items():
        others = senior[rows_of.get(field, [])]
        suppressed[rows] = (geometry.iou(junior[rows], others) > max_iou).any(axis=1)
    return suppressed


def _merged(boxes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the report for dropped boxes."""
    counts = boxes.groupby(["field", "annotator"]).size()
    rows = [
        [
            annotator,
            field,
            field,
            "box of a cell that a more senior annotator has drawn",
            MERGED,
            n,
            "",
        ]
        for (field, annotator), n in zip(counts.index, counts, strict=True)
    ]
    return pd.DataFrame(rows, columns=REPORT_COLUMNS)
