"""How often each class is called, per field and per experimental unit."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.splits.usable_fields import in_splits

ORIGIN = ["field", "condition", "replicate", "group", "split"]
"""Columns of the frequencies table that say where a row comes from."""


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
    """Count the called cells of each field and class.

    Parameters
    ----------
    cells
        The cells table.
    quality
        The quality table; its order of fields is kept, fields set aside are left out.
    splits
        The splits table.
    classes
        All classes, in the order of the config.
    groups
        Classes taken together, by the name of the group.
    excluded
        Classes whose cells are not counted at all, neither in the class nor among the cells
        (A11: unclear cells are removed from quantification).
    wanted
        Splits whose fields make up the experiment.
    without
        Conditions that are no part of it.

    Returns
    -------
    frame
        A frequencies table with the columns group and split beside; a field without cells has
        `n_cells` 0 and no frequency.
    """
    _check_calls(cells, classes)
    fields = in_splits(quality, splits, wanted, without)[ORIGIN].reset_index(drop=True)
    counted = cells[~cells["call"].isin(excluded)]
    per_call = pd.crosstab(counted["field"], counted["call"])
    per_call = per_call.reindex(index=fields["field"], columns=list(classes), fill_value=0)
    parts = [
        fields.assign(
            **{
                "class": name,
                "n_cells": per_call.sum(axis=1).to_numpy(),
                "n_class": per_call[group].sum(axis=1).to_numpy(),
            }
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
    classes: Sequence[str], groups: Mapping[str, Sequence[str]], excluded: Sequence[str]
) -> dict[str, list[str]]:
    """Return the counted classes behind each class and each group, classes first."""
    counted = {name: [name] for name in classes if name not in excluded}
    return counted | {
        name: [one for one in group if one not in excluded] for name, group in groups.items()
    }


def per_unit(frequencies: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Pool fields into experimental units: all cells of a replicate count alike.

    Parameters
    ----------
    frequencies
        A frequencies table.
    unit
        `field`, `group` or `replicate`; units of equal name in two conditions are two units.

    Returns
    -------
    frame
        One row per condition, unit and class, in the order of first appearance: condition,
        unit, class, n_cells, n_class, frequency (missing without cells).
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
            f"The cells table holds the call {unknown[0]!r}, which is not among the config's "
            f"classes ({', '.join(classes)}); run the workflow again to make the table anew."
        )
