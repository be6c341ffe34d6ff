"""How good the judges of labels are, and how long a list of errors they can be trusted with."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.randomness import generator

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DRAWS = 1000
"""How often groups are redrawn for an interval."""
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
    draws = generator(seed, "judges").multinomial(number, np.full(number, 1 / number), DRAWS)
    rows = []
    found = {judge: each.argmax(axis=1) for judge, each in probabilities.items()}
    compared = {judge: (labels, classes) for judge, classes in found.items()}
    compared[EACH_OTHER] = (found[REGRESSION], found[NEIGHBOURS])
    classes = probabilities[BOTH].shape[1]
    for judge, (first, second) in compared.items():
        confusion = np.zeros((number, classes, classes))
        np.add.at(confusion, (group, first, second), 1)
        drawn = np.einsum("dg,gij->dij", draws, confusion)
        for metric, measure in (("accuracy", accuracy), ("kappa", kappa)):
            low, high = np.nanpercentile(measure(drawn), [2.5, 97.5])
            value = float(measure(confusion.sum(axis=0)))
            rows.append([judge, metric, value, low, high, len(labels), number])
    columns = ["judge", "metric", "value", "ci_low", "ci_high", "n", "n_groups"]
    return pd.DataFrame(rows, columns=columns)


def accuracy(confusion: Array) -> Array:
    """Return the share of cells whose two classes agree, of matrices [..., classes, classes]."""
    return np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1))


def kappa(confusion: Array) -> Array:
    """Return Cohen's kappa of matrices [..., classes, classes], 0 where one class is all."""
    total = confusion.sum(axis=(-2, -1))
    expected = (confusion.sum(axis=-1) * confusion.sum(axis=-2)).sum(axis=-1) / total**2
    room = np.maximum(1 - expected, 1e-12)
    return np.where(expected < 1, (accuracy(confusion) - expected) / room, 0.0)


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
