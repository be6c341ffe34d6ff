"""Measure the size of annotated objects, per field, class and experimental unit."""

from collections.abc import Sequence

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.splits.usable_fields import in_splits
from cellpheno.statistics.frequencies import ORIGIN, by_field

UNITS = {"area": "px²"}
"""The supported measures, columns of the boxes table, and their units."""

ALL = "all"
"""The row of all classes together."""


def medians(
    boxes: pd.DataFrame,
    annotated: pd.DataFrame,
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    classes: Sequence[str],
    wanted: Sequence[str],
    measures: Sequence[str],
    without: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the median of each measure over the annotated objects of each field and class.

    With several classes there are rows of all of them together, too (`ALL`).
    Fields keep the order of the quality table; fields set aside, of other splits than `wanted`, or
    of the conditions `without` are left out. Objects may lack a measure, such as the area of a cell
    with only a box. Returns a measures table with group and split; a field without a known measure
    of a class has `n_objects` 0 and no value.

    Raises
    ------
    StudyError
        When no annotated field lies in these splits, or no annotated object has a measure.
    """
    fields = in_splits(quality, splits, wanted, without)[ORIGIN]
    fields = fields[fields["field"].isin(annotated["field"])].reset_index(drop=True)
    if fields.empty:
        raise StudyError(
            "statistics.measures measures annotated objects, but no usable annotated field lies in "
            f"statistics.splits ({', '.join(wanted)}); name the splits of annotated fields there."
        )
    parts = []
    for measure in measures:
        _check_known(boxes, measure)
        for name in [*classes, ALL] if len(classes) > 1 else classes:
            chosen = boxes if name == ALL else boxes[boxes["label"] == name]
            known = chosen.groupby("field")[measure].agg(["count", "median"])
            known = known.reindex(fields["field"])
            about = {"class": name, "measure": measure, "measure_unit": UNITS[measure]}
            numbers = {
                "n_objects": known["count"].fillna(0).to_numpy(dtype=int),
                "value": known["median"].to_numpy(),
            }
            parts.append(fields.assign(**about, **numbers))
    return by_field(parts, fields)


def of_numbers(frequencies: pd.DataFrame) -> pd.DataFrame:
    """Return a frequencies table whose `value` is the number of cells of each field and class."""
    return frequencies.assign(value=frequencies["n_class"].astype(float))


def per_unit(measures: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Average one measure over the fields of each unit (`field`, `group` or `replicate`).

    Units of equal name in two conditions are two units. Returns condition, unit, class and value
    (missing if no field has one), in the order of first appearance.
    """
    keys = ["condition", unit, "class"]
    pooled = measures.groupby(keys, sort=False)["value"].mean().reset_index()
    return pooled.rename(columns={unit: "unit"})


def _check_known(boxes: pd.DataFrame, measure: str) -> None:
    if measure not in boxes or not boxes[measure].notna().any():
        raise StudyError(
            f"statistics.measures names {measure}, which no annotated object has; give "
            "annotations with outlines or masks, or leave it out."
        )
