"""Rate the judges of labels, and limit the length of their list of errors."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.measuring.intervals import Estimate, Scale, estimates
from cellpheno.measuring.metrics import accuracy, kappa

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

REGRESSION, NEIGHBOURS, BOTH = "regression", "neighbours", "both"
EACH_OTHER = "each other"
"""The two judges compared with each other instead of with the labels."""


SCALES: dict[str, Scale] = {"accuracy": "logit", "kappa": "fisher"}


def rate(labels: Integers, probabilities: Mapping[str, Array], groups: Integers) -> pd.DataFrame:
    """Compare each judge's likeliest class with the annotated one, and the judges with each other.

    Each judge gives probabilities [n, classes], learned from other groups, for cells with the
    annotated classes `labels` [n]; intervals are over the groups [n]. Returns tables.JUDGES:
    accuracy, and Cohen's kappa, which is 0 by chance.
    """
    _, group = np.unique(groups, return_inverse=True)
    number = int(group.max()) + 1
    rows = []
    found = {judge: each.argmax(axis=1) for judge, each in probabilities.items()}
    compared = {judge: (labels, classes) for judge, classes in found.items()}
    compared[EACH_OTHER] = (found[REGRESSION], found[NEIGHBOURS])
    classes = probabilities[BOTH].shape[1]
    for judge, (first, second) in compared.items():
        confusion = np.zeros((number, classes, classes))
        np.add.at(confusion, (group, first, second), 1)
        found_of = estimates(partial(_measure, confusion), np.arange(number), SCALES)
        for metric, value in found_of.items():
            rows.append([judge, metric, *value, len(labels)])
    return pd.DataFrame(rows, columns=["judge", "metric", *Estimate._fields, "n"])


def _measure(confusion: Array, weights: Array) -> dict[str, Array]:
    """Return accuracy and kappa [b] of groups of cells [g, classes, classes], weighted [b, g]."""
    drawn = np.tensordot(weights, confusion, axes=1)
    return {"accuracy": accuracy(drawn), "kappa": kappa(drawn, undefined=0.0)}


def longest(rated: pd.DataFrame) -> int:
    """Return how many cells the list of the judges in tables.JUDGES may have.

    Of the labels that they contradict together, they are right where neither errs. The agreement of
    the judges beyond chance says how far to trust each, and wrong labels do not lower it.
    """
    value = rated.set_index(["judge", "metric"])["value"]
    trust = max(0.0, value[EACH_OTHER, "kappa"]) ** 2
    return int(np.ceil(rated["n"].iloc[0] * (1 - value[BOTH, "accuracy"]) * trust - 1e-9))
