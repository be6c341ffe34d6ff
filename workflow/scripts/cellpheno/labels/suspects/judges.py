"""How good the judges of labels are, and how long a list of errors they can be trusted with."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.randomness import generator
from cellpheno.measuring.bootstrap import intervals, resamples
from cellpheno.measuring.metrics import accuracy, kappa

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

REGRESSION, NEIGHBOURS, BOTH = "regression", "neighbours", "both"
EACH_OTHER = "each other"
"""The two judges compared with each other instead of with the labels."""


def rate(
    labels: Integers, probabilities: Mapping[str, Array], groups: Integers, seed: int
) -> pd.DataFrame:
    """Compare the class that each judge finds likeliest with the annotated one, and both judges.

    Parameters
    ----------
    labels
        [n] annotated classes.
    probabilities
        [n, classes] by each judge, who has learned from other groups.
    groups
        [n] which are redrawn for the intervals.
    seed
        The study's seed.

    Returns
    -------
    DataFrame
        tables.JUDGES: accuracy, and Cohen's kappa, which is 0 by chance, of each judge.
    """
    _, group = np.unique(groups, return_inverse=True)
    number = int(group.max()) + 1
    samples = resamples(np.arange(number), generator(seed, "judges"))
    rows = []
    found = {judge: each.argmax(axis=1) for judge, each in probabilities.items()}
    compared = {judge: (labels, classes) for judge, classes in found.items()}
    compared[EACH_OTHER] = (found[REGRESSION], found[NEIGHBOURS])
    classes = probabilities[BOTH].shape[1]
    for judge, (first, second) in compared.items():
        confusion = np.zeros((number, classes, classes))
        np.add.at(confusion, (group, first, second), 1)
        for metric, value in intervals(partial(_measure, confusion), samples).items():
            rows.append([judge, metric, *value, len(labels), number])
    columns = ["judge", "metric", "value", "ci_low", "ci_high", "n", "n_groups"]
    return pd.DataFrame(rows, columns=columns)


def _measure(confusion: Array, weights: Array) -> dict[str, Array]:
    """Return accuracy and kappa [b] of groups of cells [g, classes, classes], weighted [b, g]."""
    drawn = np.tensordot(weights, confusion, axes=1)
    return {"accuracy": accuracy(drawn), "kappa": kappa(drawn, undefined=0.0)}


def longest(rated: pd.DataFrame) -> int:
    """Return how many cells a list of these judges may have.

    Together they contradict so many labels. Of these they are right where neither errs, and how
    far each can be trusted is how far the two agree beyond chance: labels that are wrong do not
    make good judges look bad by that.

    Parameters
    ----------
    rated
        tables.JUDGES, as `rate` returns it.
    """
    value = rated.set_index(["judge", "metric"])["value"]
    trust = max(0.0, value[EACH_OTHER, "kappa"]) ** 2
    return int(np.ceil(rated["n"].iloc[0] * (1 - value[BOTH, "accuracy"]) * trust - 1e-9))
