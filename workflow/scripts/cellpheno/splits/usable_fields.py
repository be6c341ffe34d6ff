"""Select the fields of view of splits for later stages."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.tables import storage

LEARNED = {"train", "val", "test"}
"""Splits of annotated fields."""
SET_ASIDE, TRAINED = "set aside", "of groups that the networks were trained on"
"""Why a field is not compared."""


def groups(splits: pd.DataFrame) -> pd.Series:
    """Return the group (a value of `splits.by`) of each field, by field."""
    return splits.set_index("field")["group"]


def in_splits(
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    wanted: Sequence[str] | None = None,
    without: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the rows of `quality` with the verdict `ok` in the wanted splits (by default all).

    Their column `split` is the assigned one. Conditions in `without` are left out.

    Raises a StudyError when a usable field has no split.
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
    left_out: Collection[str] = (),
) -> pd.DataFrame:
    """Return the fields that the sheet assigns to the wanted splits, including those set aside.

    These are rows of `quality`, with `usable`: whether the field was not set aside and is not
    `left_out` (see `of_training_groups`), and `lost`: why it is not usable, or nothing. A field
    that was set aside counts if the sheet gives it one of these splits, or, without a split, if the
    other annotated fields of its group have one. `annotated` fields do not become `predict` by
    themselves. Conditions in `without` are left out.
    """
    fields = quality[~quality["condition"].isin(without)]
    usable = fields["verdict"] == "ok"
    assigned = fields["field"].map(splits.set_index("field")["split"])
    asked = fields["split"] if "split" in fields else pd.Series("", fields.index)
    asked = asked.fillna("")
    drawn = fields["field"].isin(annotated)
    if drawn[usable].all():  # for example if a stain labels every field
        drawn |= True
    learned = fields[usable & drawn].assign(split=assigned)
    of_group = learned.drop_duplicates("group").set_index("group")["split"]
    likely = fields["group"].map(of_group).where(drawn, "predict")
    possible = likely.isin(wanted) | (likely.isna() & bool(LEARNED & set(wanted)))
    lost = asked.isin(wanted) | ((asked == "") & possible)
    kept = assigned.isin(wanted).where(usable, lost)
    trained = fields["field"].isin(left_out)
    lost_by = np.select([~usable, trained], [SET_ASIDE, TRAINED], "")
    return fields.assign(usable=usable & ~trained, lost=lost_by)[kept]


def of_training_groups(splits: pd.DataFrame, how: str, source: str) -> set[str]:
    """Return the fields to predict of groups (`splits.by`) that the networks were trained on.

    They are left out of the comparison of conditions: none if `how` (statistics.of_training_groups)
    is not `exclude`, or if `source` is not `calls`.

    A network that has seen wells of control, and none of a treatment, calls the two differently.
    """
    if source != "calls" or how != "exclude":
        return set()
    trained = splits.loc[splits["split"] == "train", "group"]
    seen = (splits["split"] == "predict") & splits["group"].isin(trained)
    return set(splits.loc[seen, "field"])


def warn_of_training_groups(splits: pd.DataFrame, how: str, source: str) -> None:
    """Warn of fields of such groups that are compared nevertheless."""
    seen = of_training_groups(splits, "exclude", source)
    if how == "warn" and seen:
        notices.warn(
            f"{len(seen)} fields that are compared are of groups that the networks were "
            "trained on, which are called otherwise than groups that they have never seen; "
            "statistics.of_training_groups: exclude leaves them out."
        )


def completely_annotated(splits: pd.DataFrame, needed: Sequence[str] = ()) -> pd.DataFrame:
    """Return the rows of completely annotated fields.

    In other fields, the space between annotated cells may not be background.

    Raises a StudyError when a needed split has no complete field.
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
