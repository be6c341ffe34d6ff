"""Competitors, such as classifiers, compared in pairs on the same cells.

Whether intervals of two values overlap says nothing of their difference, because hard cells are
hard for both. Each pair is therefore compared by the difference itself, over the same clusters
(`intervals`).
"""

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.measuring.intervals import spread
from cellpheno.measuring.multiple_testing import adjust
from cellpheno.tables.metrics import COMPARED

Array = npt.NDArray[np.float64]

ALPHA = 0.05
BETTER, WORSE, EQUIVALENT, UNDECIDED = "better", "worse", "equivalent", "undecided"


def pairs(values: Mapping[str, Array], margin: float) -> pd.DataFrame:
    """Compare every two competitors by one metric of which more is better.

    `values` are [s, 1 + 2 k] for s trainings and the weightings of `intervals.leave_out`. Returns
    the columns of tables.COMPARED from `first` on; p is corrected by Holm over the pairs.
    """
    rows = []
    for (first, ours), (second, theirs) in itertools.combinations(values.items(), 2):
        found = spread(theirs.mean(axis=0) - ours.mean(axis=0))
        if len(ours) == len(theirs):
            found = found.with_seeds(theirs[:, 0] - ours[:, 0])
        each = {"value_first": ours[:, 0].mean(), "value_second": theirs[:, 0].mean()}
        interval = found.interval("plain")._asdict()
        named = {"first": first, "second": second, **each, "difference": interval.pop("value")}
        rows.append({**named, **interval, "p": found.p()})
    if not rows:
        return COMPARED.empty()
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust(table["p"].to_numpy(np.float64), "holm", range(len(table)))
    table["verdict"] = [verdict(row, margin) for _, row in table.iterrows()]
    return table


def verdict(row: pd.Series, margin: float) -> str:
    """Say what the second competitor is, compared with the first.

    It is equivalent if the whole 95 % interval of the difference lies within the margin, and else
    better or worse if the corrected p is below 0.05.
    """
    if -margin < row["ci_low"] and row["ci_high"] < margin:
        return EQUIVALENT
    if row["p_adjusted"] < ALPHA:
        return BETTER if row["difference"] > 0 else WORSE
    return UNDECIDED


def of_metrics(values: Mapping[str, Mapping[str, Array]], margin: float) -> pd.DataFrame:
    """Compare every two competitors by each metric: `values` by competitor and metric."""
    metrics = list(dict.fromkeys(name for each in values.values() for name in each))
    tables = [
        pairs({name: each[metric] for name, each in values.items()}, margin).assign(metric=metric)
        for metric in metrics
    ]
    return pd.concat(tables, ignore_index=True) if tables else COMPARED.empty()
