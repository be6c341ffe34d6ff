"""Compare called cells with annotated ones: average precision by class, cells per field."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.detection.evaluation import SPLITS, match_fields
from cellpheno.measuring.intervals import Scale, estimates
from cellpheno.measuring.metrics import mean_of_known, pearson
from cellpheno.measuring.precision_recall import average_precision
from cellpheno.splits.usable_fields import groups
from cellpheno.tables.metrics import CALL_METRICS

IOUS = tuple(np.arange(50, 100, 5) / 100)
"""Overlaps over which COCO averages, 0.5 to 0.95."""
RECALLS = np.linspace(0, 1, 101)
"""Recalls at which COCO reads the precision."""
ALL = "all"
"""The row of all classes together."""
SCALES: dict[str, Scale] = {
    "cells_per_field_bias": "plain",
    "cells_per_field_error": "plain",
    "cells_per_field_correlation": "fisher",
}
"""Of the metrics that are not between 0 and 1."""

Array = npt.NDArray[np.float64]
Metrics = dict[tuple[str, str], Array]
"""Values [b] by class and name of the metric."""


def cells_per_field(
    cells: pd.DataFrame, annotated: pd.DataFrame, fields: Sequence[str], classes: Sequence[str]
) -> pd.DataFrame:
    """Count called and annotated cells of each field and class, and of all classes.

    Returns field, class, called and annotated, also for fields without cells.
    """
    parts = []
    for name in [*classes, ALL]:
        called = cells if name == ALL else cells[cells["call"] == name]
        truth = annotated if name == ALL else annotated[annotated["label"] == name]
        numbers = {
            "called": called.groupby("field").size(),
            "annotated": truth.groupby("field").size(),
        }
        part = pd.DataFrame(numbers).reindex(list(fields)).fillna(0).astype(int)
        parts.append(part.rename_axis("field").reset_index().assign(**{"class": name}))
    return pd.concat(parts, ignore_index=True)


def agreement(called: Array, annotated: Array, weights: Array) -> dict[str, Array]:
    """Return bias, mean absolute error and Pearson correlation [b] of cells per field [f].

    `weights` [b, f] say how often each field is drawn.
    """
    total, difference = weights.sum(axis=1), called - annotated
    return {
        "cells_per_field_bias": weights @ difference / total,
        "cells_per_field_error": weights @ np.abs(difference) / total,
        "cells_per_field_correlation": pearson(called, annotated, weights),
    }


def evaluate(
    cells: pd.DataFrame,
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    classes: Sequence[str],
) -> pd.DataFrame:
    """Compare the called cells (tables.CELLS) of the splits val and test with tables.BOXES.

    Returns tables.CALL_METRICS: for each split and class `ap@0.5`, `ap@0.5:0.95` and the agreement
    of cells per field; for `all` the means `map@0.5` and `map@0.5:0.95` over the classes that are
    annotated in the split, and the agreement for the cells of all classes. Intervals are over
    groups.
    """
    rows = []
    for split in SPLITS:
        fields = sorted(splits.loc[splits["split"] == split, "field"])
        if not fields:
            continue
        measure = _measure_of(cells, annotated, fields, classes)
        scales = {
            (name, metric): scale for name in [*classes, ALL] for metric, scale in SCALES.items()
        }
        measured = estimates(measure, groups(splits)[fields], scales)
        truth = annotated[annotated["field"].isin(fields)]["label"].value_counts()
        for (name, metric), value in measured.items():
            n = truth.reindex(list(classes)).sum() if name == ALL else truth.get(name, 0)
            rows.append((split, name, metric, *value, int(n)))
    return pd.DataFrame(rows, columns=[column.name for column in CALL_METRICS.columns])


def _measure_of(
    cells: pd.DataFrame, annotated: pd.DataFrame, fields: Sequence[str], classes: Sequence[str]
) -> Callable[[Array], Metrics]:
    """Return a function that measures the fields with weights [b, f]."""
    matched = {
        name: [
            match_fields(
                cells[cells["call"] == name],
                annotated[annotated["label"] == name],
                fields,
                iou,
            )
            for iou in IOUS
        ]
        for name in classes
    }
    known = annotated[annotated["label"].isin(classes)]
    counts = cells_per_field(cells, known, fields, classes)
    numbers = {
        str(name): part[["called", "annotated"]].to_numpy(np.float64).T
        for name, part in counts.groupby("class", sort=False)
    }

    def measure(weights: Array) -> Metrics:
        values: Metrics = {}
        for name, of_ious in matched.items():
            each = [average_precision(one, weights, False, RECALLS) for one in of_ious]
            values[name, "ap@0.5"], values[name, "ap@0.5:0.95"] = each[0], np.mean(each, axis=0)
        for ending in ("0.5", "0.5:0.95"):
            own = [values[name, f"ap@{ending}"] for name in classes]
            values[ALL, f"map@{ending}"] = mean_of_known(own)
        for name, (called, truth) in numbers.items():
            found = agreement(called, truth, weights)
            values |= {(name, metric): value for metric, value in found.items()}
        return values

    return measure
