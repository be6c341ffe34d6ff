"""The model compared with the people who annotate, and these with each other (A43)."""

import dataclasses
import itertools
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from cellpheno.annotations import agreement
from cellpheno.annotations.table import Annotated, annotated_fields
from cellpheno.tables.annotations import ANNOTATION_REPORT, HUMAN_MODEL
from cellpheno.tables.columns import BOX_COLUMNS

ALL_CLASSES = "all classes"
MODEL = "the model"
TRUTH = "the truth"
REST = "rest"
"""All classes outside the group, in the two-way call."""


FOUND = (agreement.RECALL, agreement.PRECISION)
"""Metrics of finding cells of any class."""
OF_CLASS = ("accuracy", "kappa")
"""Metrics of the classes of cells that both have boxed."""


def compare(
    raters: Mapping[str, Annotated],
    groups: Mapping[str, list[str]],
    group_of: Mapping[str, str],
) -> pd.DataFrame:
    """Compare every rater with every one before it.

    Raters are the ground truth where known, annotators, and the model. For cells that both have
    boxed (IoU of at least 0.5), accuracy and Cohen's kappa are measured with all classes and
    with the two-way call, in or outside each of the `groups` of classes. `group_of` has the group
    of every field.
    """
    rows = []
    for (first, reference), (second, rater) in itertools.combinations(raters.items(), 2):
        both = agreement.match(reference, rater)
        calls: list[tuple[str, agreement.Pairs, Sequence[str]]] = [
            (ALL_CLASSES, both, (*FOUND, *OF_CLASS))
        ]
        for group, members in groups.items():
            theirs, ours = (_two_way(part, group, members) for part in (reference, rater))
            calls.append((group, agreement.match(theirs, ours), OF_CLASS))
        for call, pairs, names in calls:
            measured = agreement.measure(pairs, names, group_of)
            rows += [[first, second, call, *row] for row in measured]
    return pd.DataFrame(rows, columns=[column.name for column in HUMAN_MODEL.columns])


def _two_way(part: Annotated, group: str, members: list[str]) -> Annotated:
    """Return the same boxes with only two classes."""
    inside = part.boxes["label"].isin(members)
    labels = np.where(inside, group, REST)
    return dataclasses.replace(part, boxes=part.boxes.assign(label=labels))


def raters_of(
    each: pd.DataFrame,
    gone_through: pd.DataFrame,
    cells: pd.DataFrame,
    truth: pd.DataFrame | None,
    fields: Collection[str],
) -> dict[str, Annotated]:
    """Return the boxes of the ground truth, of annotators and of the model in held-out fields.

    The arguments are BOXES and GONE_THROUGH of all annotators before merging, the senior one
    first, CELLS with the model's calls, and TRUTH if the study is simulated.
    """
    raters = {} if truth is None else {TRUTH: _of(truth, fields, fields)}
    for name in gone_through["annotator"].unique():
        own = gone_through.loc[
            (gone_through["annotator"] == name) & gone_through["complete"], "field"
        ]
        boxes = each[each["annotator"] == name]
        raters[name] = _of(boxes, fields, set(own) & set(fields))
    called = cells.drop(columns="label").rename(columns={"call": "label"})
    return {**raters, MODEL: _of(called, fields, fields)}


def _of(boxes: pd.DataFrame, fields: Collection[str], seen: Collection[str]) -> Annotated:
    boxes = boxes.loc[boxes["field"].isin(fields), ["field", *BOX_COLUMNS, "label"]]
    return Annotated(boxes, annotated_fields(set(seen), boxes), ANNOTATION_REPORT.empty())
