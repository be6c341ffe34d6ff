"""Count how often each class is called, per field and per experimental unit."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.splits.usable_fields import in_splits

ORIGIN = ["field", "condition", "replicate", "group", "split"]
"""Columns of the frequencies table that describe the origin of a row."""


def count(
    cells: pd.DataFrame,
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    excluded: Sequence[str],
    wanted: Sequence[str],
    without: Sequence[str] = (),
) -> pd.DataFrame:
    """Count the called cells of each field and class: a frequencies table with group and split.

    Fields keep the order of the quality table; fields set aside, of other splits than `wanted`, or
    of the conditions `without` are left out. `groups` are classes taken together. Cells of the
    classes `excluded` are not counted at all (A11: unclear cells are removed from quantification).
    A field without cells has `n_cells` 0 and no frequency.
    """
    _check_calls(cells, classes)
    fields = in_splits(quality, splits, wanted, without)[ORIGIN].reset_index(drop=True)
    counted = cells[~cells["call"].isin(excluded)]
    per_call = pd.crosstab(counted["field"], counted["call"])
    per_call = per_call.reindex(index=fields["field"], columns=list(classes), fill_value=0)
    parts = [
        fields.assign(
            **{"class": name},
            n_cells=per_call.sum(axis=1).to_numpy(),
            n_class=per_call[group].sum(axis=1).to_numpy(),
        )
        for name, group in members(classes, groups, excluded).items()
    ]
    table = by_field(parts, fields)
    table["frequency"] = _ratio(table)
    return table


def by_field(parts: Sequence[pd.DataFrame], fields: pd.DataFrame) -> pd.DataFrame:
    """Stack tables with one row per field: field by field in the order of `fields`."""
    table = pd.concat(parts, ignore_index=True)
    order = table["field"].map({field: row for row, field in enumerate(fields["field"])})
    return table.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def members(
    classes: Sequence[str], groups: Mapping[str, Collection[str]], excluded: Sequence[str]
) -> dict[str, list[str]]:
    """Return the counted classes of each class and each group, classes first."""
    counted = {name: [name] for name in classes if name not in excluded}
    return counted | {
        name: [one for one in group if one not in excluded] for name, group in groups.items()
    }


def per_unit(frequencies: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Pool the fields of each unit (`field`, `group` or `replicate`): its cells count alike.

    Units of equal name in two conditions are two units. Returns condition, unit, class, n_cells,
    n_class and frequency (missing without cells), in the order of first appearance.
    """
    keys = ["condition", unit, "class"]
    pooled = frequencies.groupby(keys, sort=False)[["n_cells", "n_class"]].sum().reset_index()
    pooled = pooled.rename(columns={unit: "unit"})
    return pooled.assign(frequency=_ratio(pooled))


def _ratio(table: pd.DataFrame) -> pd.Series:
    return table["n_class"] / table["n_cells"].where(table["n_cells"] > 0)


def _check_calls(cells: pd.DataFrame, classes: Sequence[str]) -> None:
    unknown = sorted(set(cells["call"]) - set(classes))
    if unknown:
        raise StudyError(
            f"The cells table has the call {unknown[0]!r}, which is not among the config's "
            f"classes ({', '.join(classes)}); run the workflow again to make a new table."
        )
