"""Count fields and annotated cells by split, condition and class (L29, A5 to A9)."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables.columns import SPLITS_ALLOWED

ALL = "all"
"""Stands for every split, condition or class."""


def all_of(values: Iterable[object]) -> str:
    """Return `all`, or `all together` if that is a value itself, to stand for all values."""
    known = set(values)
    word = ALL
    while word in known:
        word = f"{word} together"
    return word


def count(
    boxes: pd.DataFrame,
    annotated: Sequence[str],
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Count the annotated fields and their cells or labelled patches; return COUNTS.

    There is a row for each split, condition and class or group, in order, and for all of each
    (`all`, of conditions `all_of`). Fields that were set aside are not counted.
    """
    fields = in_splits(quality, splits)
    fields = fields[fields["field"].isin(annotated)]
    cells = boxes.merge(fields[["field", "condition", "split"]], on="field")
    members = {ALL: list(classes), **{name: [name] for name in classes}, **groups}
    order = [name for name in SPLITS_ALLOWED if (fields["split"] == name).any()]
    rows = []
    conditions = list(fields["condition"].unique())
    together = all_of(conditions)
    for split, condition in itertools.product([*order, ALL], [*conditions, together]):
        of_split = order if split == ALL else [split]
        of_condition = conditions if condition == together else [condition]
        part, own = (
            table[table["split"].isin(of_split) & table["condition"].isin(of_condition)]
            for table in (fields, cells)
        )
        rows += [
            (split, condition, name, len(part), int(own["label"].isin(group).sum()))
            for name, group in members.items()
        ]
    return pd.DataFrame(rows, columns=["split", "condition", "class", "n_fields", "n_cells"])
