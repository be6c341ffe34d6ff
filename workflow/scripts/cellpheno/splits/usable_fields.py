"""Fields of view as later stages see them: judged, and assigned to a split."""

from collections.abc import Collection, Sequence

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.tables import storage

LEARNED = {"train", "val", "test"}
"""Splits that annotated fields are divided into."""


def in_splits(
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    wanted: Sequence[str] | None = None,
    without: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the usable fields of some splits, in the order of the quality table.

    Parameters
    ----------
    quality
        The quality table. Its own column `split`, what the sample sheet asked for, gives way to
        the split that the field was assigned to.
    splits
        The splits table.
    wanted
        Splits to keep; all when None.
    without
        Conditions to leave out.

    Returns
    -------
    DataFrame
        The rows of `quality` whose verdict is `ok`, with their `split`.

    Raises
    ------
    StudyError
        When a usable field has no split.
    """
    usable = quality[quality["verdict"] == "ok"].drop(columns="split", errors="ignore")
    known = splits.loc[splits["field"].isin(usable["field"]), "field"]
    storage.check_fields(known, usable["field"], "splits.tsv", "qc/fields.tsv")
    fields = usable.merge(splits[["field", "split"]], on="field", validate="one_to_one")
    fields = fields[~fields["condition"].isin(without)] if len(without) else fields
    return fields if wanted is None else fields[fields["split"].isin(wanted)]


def named_for_comparison(
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    annotated: Collection[str],
    wanted: Sequence[str],
    without: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the fields that the sheet names for some splits, those that were set aside included.

    Parameters
    ----------
    quality
        The quality table with the sample sheet's columns.
    splits
        The splits table; fields that were set aside are not in it.
    annotated
        Annotated fields, which do not become `predict` by themselves.
    wanted
        Splits to keep.
    without
        Conditions to leave out.

    Returns
    -------
    DataFrame
        The rows of `quality` in their order, with `usable`: whether the field was not set aside.
        A field that was set aside counts where the sheet gives it one of these splits, or, where
        the sheet leaves it open, where the other annotated fields of its group have one of them.
    """
    fields = quality[~quality["condition"].isin(without)]
    usable = fields["verdict"] == "ok"
    assigned = fields["field"].map(splits.set_index("field")["split"])
    asked = fields["split"] if "split" in fields else pd.Series("", fields.index)
    asked = asked.fillna("")
    drawn = fields["field"].isin(annotated)
    if drawn[usable].all():  # as where a stain labels every field
        drawn |= True
    learned = fields[usable & drawn].assign(split=assigned)
    of_group = learned.drop_duplicates("group").set_index("group")["split"]
    likely = fields["group"].map(of_group).where(drawn, "predict")
    possible = likely.isin(wanted) | (likely.isna() & bool(LEARNED & set(wanted)))
    lost = asked.isin(wanted) | ((asked == "") & possible)
    kept = assigned.isin(wanted).where(usable, lost)
    return fields.assign(usable=usable)[kept]


def completely_annotated(splits: pd.DataFrame, needed: Sequence[str] = ()) -> pd.DataFrame:
    """Return the rows of the fields of which every cell is annotated.

    What lies between the annotated cells of other fields is not known to be background.

    Parameters
    ----------
    splits
        The splits table.
    needed
        Splits that must keep a field.

    Raises
    ------
    StudyError
        When no field of a needed split is complete.
    """
    complete = splits[splits["complete"]]
    for name in needed:
        n = int((splits["split"] == name).sum())
        if n and not (complete["split"] == name).any():
            raise StudyError(
                f"None of the {n} fields of the split {name} is completely annotated, so a "
                "detector can neither learn nor be measured there; annotate the cells that "
                "annotations/report.tsv names as left out, or change the column split of the "
                "sample sheet."
            )
    return complete
