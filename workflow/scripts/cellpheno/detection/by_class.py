"""How well called cells agree with annotated ones: average precision by class, cells per field."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.randomness import generator
from cellpheno.detection.evaluation import SPLITS, Matched, match_fields
from cellpheno.tables.metrics import CALL_METRICS

IOUS = tuple(np.arange(50, 100, 5) / 100)
"""Overlaps over which COCO averages, 0.5 to 0.95."""
RECALLS = np.linspace(0, 1, 101)
"""Recalls at which COCO reads the precision."""
ALL = "all"
"""The row of all classes together."""
DRAWS = 200

Array = npt.NDArray[np.float64]
Metrics = dict[tuple[str, str], float]
"""Value by class and name of the metric."""


def coco_average_precision(matched: Matched, weights: Array) -> float:
    """Return the mean precision at 101 recalls, as COCO defines it.

    Parameters
    ----------
    matched
        Matched detections, all of which count: there is no largest number per field.
    weights
        [f] how often each field is drawn.

    Returns
    -------
    float
        NaN without annotated cells.
    """
    annotated = float(weights @ matched.annotated)
    if not annotated:
        return np.nan
    each = weights[matched.fields]
    found, detected = np.cumsum(each * matched.hits), np.cumsum(each)
    precision = np.divide(found, detected, out=np.zeros_like(found), where=detected > 0)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(envelope[np.searchsorted(found / annotated, RECALLS, side="left")].mean())


def cells_per_field(
    cells: pd.DataFrame, annotated: pd.DataFrame, fields: Sequence[str], classes: Sequence[str]
) -> pd.DataFrame:
    """Count called and annotated cells of each field and class, and of all classes.

    Parameters
    ----------
    cells
        tables.CELLS.
    annotated
        tables.BOXES.
    fields
        Fields that are counted, those without any cell too.
    classes
        Classes in the order of the result.

    Returns
    -------
    DataFrame
        field, class, called, annotated.
    """
    parts = []
    for name in [*classes, ALL]:
        called = cells if name == ALL else cells[cells["call"] == name]
        truth = annotated if name == ALL else annotated[annotated["label"] == name]
        numbers = {
            "called": called.groupby("field").size(),
            "annotated": truth.groupby("field").size(),
        }
        part = pd.DataFrame(numbers).reindex(fields).fillna(0).astype(int)
        parts.append(part.rename_axis("field").reset_index().assign(**{"class": name}))
    return pd.concat(parts, ignore_index=True)


def agreement(called: Array, annotated: Array, weights: Array) -> dict[str, float]:
    """Return bias, mean absolute error and Pearson correlation of cells per field.

    Parameters
    ----------
    called, annotated
        [f] cells of each field.
    weights
        [f] how often each field is drawn.
    """
    total = weights.sum()
    difference = called - annotated
    centred = [values - weights @ values / total for values in (called, annotated)]
    squares = [weights @ values**2 for values in centred]
    product = weights @ (centred[0] * centred[1])
    spread = np.sqrt(squares[0] * squares[1])
    return {
        "cells_per_field_bias": float(weights @ difference / total),
        "cells_per_field_error": float(weights @ np.abs(difference) / total),
        "cells_per_field_correlation": float(product / spread) if spread > 0 else np.nan,
    }


def evaluate(
    cells: pd.DataFrame,
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    classes: Sequence[str],
    seed: int,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Measure the called cells of the splits val and test against the annotated ones.

    Parameters
    ----------
    cells
        tables.CELLS.
    annotated
        tables.BOXES.
    splits
        tables.SPLITS.
    classes
        In the order of the result.
    seed
        The study's seed.
    draws
        How often fields are redrawn for the intervals.

    Returns
    -------
    DataFrame
        tables.CALL_METRICS: for each split and class `ap@0.5`, `ap@0.5:0.95` and the agreement of
        cells per field; for `all` the means `map@0.5` and `map@0.5:0.95` over the classes that
        are annotated in the split, and the agreement for the cells of all classes.
    """
    rows = []
    for split in SPLITS:
        fields = sorted(splits.loc[splits["split"] == split, "field"])
        if not fields:
            continue
        measure = _measure_of(cells, annotated, fields, classes)
        values = measure(np.ones(len(fields)))
        random = generator(seed, "call intervals", split)
        drawn = random.multinomial(len(fields), np.full(len(fields), 1 / len(fields)), size=draws)
        spread = [measure(weights) for weights in drawn.astype(np.float64)]
        truth = annotated[annotated["field"].isin(fields)]["label"].value_counts()
        for (name, metric), value in values.items():
            several = np.array([one[name, metric] for one in spread])
            several = several[~np.isnan(several)]
            known = len(fields) > 1 and len(several)
            low, high = np.percentile(several, [2.5, 97.5]) if known else (np.nan, np.nan)
            n = truth.reindex(classes).sum() if name == ALL else truth.get(name, 0)
            rows.append((split, name, metric, value, low, high, int(n)))
    return pd.DataFrame(rows, columns=[column.name for column in CALL_METRICS.columns])


def _measure_of(
    cells: pd.DataFrame, annotated: pd.DataFrame, fields: Sequence[str], classes: Sequence[str]
) -> Callable[[Array], Metrics]:
    """Return a function that measures the fields, each drawn as often as its weight says."""
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
        name: part[["called", "annotated"]].to_numpy(np.float64).T
        for name, part in counts.groupby("class", sort=False)
    }

    def measure(weights: Array) -> Metrics:
        values: Metrics = {}
        for name, of_ious in matched.items():
            each = [coco_average_precision(one, weights) for one in of_ious]
            values[name, "ap@0.5"], values[name, "ap@0.5:0.95"] = each[0], float(np.mean(each))
        for ending in ("0.5", "0.5:0.95"):
            own = np.array([values[name, f"ap@{ending}"] for name in classes])
            own = own[~np.isnan(own)]
            values[ALL, f"map@{ending}"] = float(own.mean()) if len(own) else np.nan
        for name, (called, truth) in numbers.items():
            found = agreement(called, truth, weights)
            values |= {(name, metric): value for metric, value in found.items()}
        return values

    return measure
