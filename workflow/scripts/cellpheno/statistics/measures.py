"""How large annotated objects are, per field, class and experimental unit."""

from collections.abc import Sequence

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.splits.usable_fields import in_splits
from cellpheno.statistics.frequencies import ORIGIN, by_field

UNITS = {"area": "px²"}
"""The measures that there are: columns of the boxes table, with their unit."""

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
    """Take the median of each measure over the annotated objects of each field and class.

    Parameters
    ----------
    boxes
        The boxes table; a measure is missing where an annotation does not tell it, such as the
        area of a cell of which only the box was drawn.
    annotated
        The table of annotated fields.
    quality
        The quality table; its order of fields is kept, fields set aside are left out.
    splits
        The splits table.
    classes
        All classes, in the order of the config.
    wanted
        Splits whose fields make up the experiment.
    measures
        Names of measures, of `UNITS`.
    without
        Conditions that are no part of the experiment.

    Returns
    -------
    frame
        A measures table with the columns group and split beside; a field without a known measure
        of a class has `n_objects` 0 and no value.

    Raises
    ------
    StudyError
        When no annotated field lies in these splits, or no annotated object has a measure that
        is asked for.
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
        for name in [*classes, ALL]:
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


def per_unit(measures: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Average the fields of each experimental unit, each field alike.

    Parameters
    ----------
    measures
        A measures table of one measure.
    unit
        `field`, `group` or `replicate`; units of equal name in two conditions are two units.

    Returns
    -------
    frame
        One row per condition, unit and class, in the order of first appearance: condition,
        unit, class, value (missing where no field has one).
    """
    keys = ["condition", unit, "class"]
    pooled = measures.groupby(keys, sort=False)["value"].mean().reset_index()
    return pooled.rename(columns={unit: "unit"})


def _check_known(boxes: pd.DataFrame, measure: str) -> None:
    if measure not in boxes or not boxes[measure].notna().any():
        raise StudyError(
            f"statistics.measures names {measure}, but the annotations tell it of no object; give "
            "annotations with outlines or masks, or leave it out."
        )
