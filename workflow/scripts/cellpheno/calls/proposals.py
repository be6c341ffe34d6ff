"""Called cells as proposals for annotators, and the fields in the order of their doubt (C7)."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cellpheno.calls.calling import probability_columns
from cellpheno.tables.columns import BOX_COLUMNS


def by_classifier(
    cells: pd.DataFrame, predictions: pd.DataFrame, classes: Sequence[str]
) -> pd.DataFrame:
    """Return the cells with the classes that another classifier finds likeliest.

    The classifier that helps an annotator may see a stain that the study's own classifier must do
    without (C7: the proposals came from bright field and fluorescence).

    Parameters
    ----------
    cells
        tables.CELLS.
    predictions
        tables.PREDICTIONS of that classifier for the same boxes.
    classes
        Of the study.
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
    """Return the uncertainty of each field, the least certain first.

    It is the mean over the field's cells of what is missing from the probability of their called
    class to 1; a field without cells is as uncertain as can be, for nothing speaks for its
    emptiness. Fields that are equally uncertain stand in the order of their names.
    """
    missing = 1 - _of_call(cells, classes)
    means = missing.groupby(cells["field"].to_numpy()).mean()
    doubt = pd.Series({field: float(means.get(field, 1.0)) for field in sorted(fields)})
    return doubt.sort_values(ascending=False, kind="stable")


def _of_call(cells: pd.DataFrame, classes: Sequence[str]) -> pd.Series:
    """Return the probability of the class that each cell was called."""
    probabilities = cells[probability_columns(list(classes))].to_numpy(np.float64)
    called = pd.Index(classes).get_indexer(cells["call"])
    return pd.Series(probabilities[np.arange(len(cells)), called], cells.index)
