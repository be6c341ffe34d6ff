"""Turn called cells into proposals for annotators, and sort fields by uncertainty (C7)."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cellpheno.calls.calling import probability_columns
from cellpheno.tables.columns import BOX_COLUMNS


def by_classifier(
    cells: pd.DataFrame, predictions: pd.DataFrame, classes: Sequence[str]
) -> pd.DataFrame:
    """Return the cells with the likeliest classes by another classifier's tables.PREDICTIONS.

    The annotator's classifier may see a stain that the study's own must do without (C7: proposals
    came from bright field and fluorescence).
    """
    columns, place = probability_columns(list(classes)), ["field", *BOX_COLUMNS]
    kept = cells.drop(columns=columns)
    joined = kept.merge(predictions[[*place, *columns]], on=place, how="left", validate="1:1")
    probabilities = joined[columns].to_numpy(np.float64)
    likeliest = probabilities.argmax(axis=1)
    best = probabilities[np.arange(len(joined)), likeliest]
    call = np.array(classes, dtype=object)[likeliest]
    return joined.assign(call=call, cls_score=best, score=best)[list(cells.columns)]


def by_doubt(cells: pd.DataFrame, fields: Iterable[str], classes: Sequence[str]) -> pd.Series:
    """Return the uncertainty of each field, the least certain first, then by name.

    It is the mean over the field's cells of one minus the probability of their call. A field
    without cells has the highest uncertainty, because nothing supports that it is empty.
    """
    missing = 1 - _of_call(cells, classes)
    means = missing.groupby(cells["field"].to_numpy()).mean()
    doubt = pd.Series({field: float(means.get(field, 1.0)) for field in sorted(fields)})
    return doubt.sort_values(ascending=False, kind="stable")


def _of_call(cells: pd.DataFrame, classes: Sequence[str]) -> pd.Series:
    """Return the probability of each cell's call."""
    probabilities = cells[probability_columns(list(classes))].to_numpy(np.float64)
    called = pd.Index(classes).get_indexer(pd.Index(cells["call"]))
    return pd.Series(probabilities[np.arange(len(cells)), called], cells.index)
