"""The model against the people who annotate, and these against each other (A43)."""

import dataclasses
import itertools
from collections.abc import Callable, Collection, Mapping

import numpy as np
import pandas as pd

from cellpheno.annotations import agreement
from cellpheno.annotations.agreement import Pairs, Weights
from cellpheno.annotations.table import Annotated, annotated_fields
from cellpheno.core.randomness import generator
from cellpheno.tables.annotations import ANNOTATION_REPORT, HUMAN_MODEL
from cellpheno.tables.columns import BOX_COLUMNS

ALL_CLASSES = "all classes"
MODEL = "the model"
TRUTH = "the truth"
REST = "rest"
"""Of the two-way call: all that is not in the group."""


def accuracy(pairs: Pairs, weights: Weights) -> float:
    """Return the share of common cells that both give the same class."""
    each = weights[pairs.fields]
    same = pairs.labels[:, 0] == pairs.labels[:, 1]
    return float(each @ same / each.sum()) if each.sum() else np.nan


Metrics = dict[str, tuple[agreement.Metric, Callable[[Pairs], int]]]

FOUND: Metrics = {
    name: agreement.METRICS[name]
    for name in (f"recall@{agreement.MIN_IOU}", f"precision@{agreement.MIN_IOU}")
}
"""Metrics of the cells themselves, whatever their class."""
OF_CLASS: Metrics = {
    "accuracy": (accuracy, lambda pairs: len(pairs.fields)),
    "kappa": agreement.METRICS["kappa"],
}
"""Metrics of the class of cells that both have boxed."""


def compare(
    raters: Mapping[str, Annotated],
    groups: Mapping[str, list[str]],
    seed: int,
    draws: int = agreement.DRAWS,
) -> pd.DataFrame:
    """Hold every rater against every one before it.

    Of the cells that both have boxed (IoU of at least 0.5) the accuracy and Cohen's kappa of all
    classes are measured, and those of the two-way call: in the group or not.

    Parameters
    ----------
    raters
        Who gives the classes: the truth where it is known, annotators, the model.
    groups
        Classes of the two-way calls, by the name of the group.
    seed
        The study's seed, of the redrawn fields.
    draws
        How often fields are redrawn for the intervals.

    Returns
    -------
    DataFrame
        tables.HUMAN_MODEL.
    """
    rows = []
    for (first, reference), (second, rater) in itertools.combinations(raters.items(), 2):
        calls = [(ALL_CLASSES, agreement.match(reference, rater), {**FOUND, **OF_CLASS})]
        for group, members in groups.items():
            two_way = [_two_way(part, group, members) for part in (reference, rater)]
            calls.append((group, agreement.match(*two_way), OF_CLASS))
        for call, pairs, metrics in calls:
            n_fields = len(pairs.reference)
            for name, (metric, n) in metrics.items():
                # the same redrawn fields for all calls and metrics of two raters
                chance = generator(seed, "human and model", first, second)
                interval = agreement.interval(metric, pairs, chance, draws)
                value = metric(pairs, np.ones(n_fields))
                rows.append([first, second, call, name, value, *interval, n_fields, n(pairs)])
    return pd.DataFrame(rows, columns=[column.name for column in HUMAN_MODEL.columns])


def _two_way(part: Annotated, group: str, members: list[str]) -> Annotated:
    """Return the same boxes with two classes only."""
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
    """Return what everyone says of some fields: the truth, the annotators, the model.

    Parameters
    ----------
    each, gone_through
        tables.BOXES and tables.GONE_THROUGH of all annotators before merging, the senior one first.
    cells
        tables.CELLS; its calls are the model's classes.
    truth
        tables.TRUTH, where the study is simulated.
    fields
        The model has gone through all of them; they should be held out.
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
