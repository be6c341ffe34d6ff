"""How many fields and annotated cells there are: per split, condition and class (L29, A5 to A9)."""

import itertools
from collections.abc import Mapping, Sequence

import pandas as pd

from cellpheno.fields import in_splits
from cellpheno.tables import SPLITS_ALLOWED

ALL = "all"
"""Stands for every split, every condition, every class."""


def count(
    boxes: pd.DataFrame,
    annotated: Sequence[str],
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Count the annotated fields and their cells, each part by itself and all together.

    Parameters
    ----------
    boxes
        The boxes table: annotated cells, or labelled patches.
    annotated
        Fields that have annotations, those without cells too.
    quality, splits
        Those tables; fields set aside are not counted.
    classes, groups
        Of the config.

    Returns
    -------
    DataFrame
        tables.COUNTS: a row for each split, condition and class or group, and for `all` of each;
        splits and conditions in the order in which they come.
    """
    fields = in_splits(quality, splits)
    fields = fields[fields["field"].isin(annotated)]
    cells = boxes.merge(fields[["field", "condition", "split"]], on="field")
    members = {ALL: list(classes), **{name: [name] for name in classes}, **groups}
    order = [name for name in SPLITS_ALLOWED if (fields["split"] == name).any()]
    rows = []
    for split, condition in itertools.product([*order, ALL], [*fields["condition"].unique(), ALL]):
        part = fields[_chosen(fields, split, condition)]
        labels = cells.loc[_chosen(cells, split, condition), "label"]
        rows += [
            (split, condition, name, len(part), int(labels.isin(group).sum()))
            for name, group in members.items()
        ]
    return pd.DataFrame(rows, columns=["split", "condition", "class", "n_fields", "n_cells"])


def _chosen(table: pd.DataFrame, split: str, condition: str) -> pd.Series:
    every = pd.Series(True, index=table.index)
    by_split = every if split == ALL else table["split"] == split
    return by_split if condition == ALL else by_split & (table["condition"] == condition)
