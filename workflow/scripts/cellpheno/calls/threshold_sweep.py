"""Measure how calls depend on the decision rule and its threshold (A36, A37)."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from cellpheno.calls.calling import Rule
from cellpheno.classification.evaluation import SPLITS, Scored, measure

RULES = ("argmax", "best_positive")
THRESHOLDS = np.round(np.arange(0, 1, 0.05), 2)
METRICS = ("balanced_accuracy", "macro_f1", "accuracy", "sensitivity", "precision", "f1")
"""The first three are for all classes, the others for each class and group."""


def sweep(
    cells: pd.DataFrame,
    classes: list[str],
    groups: Mapping[str, list[str]],
    negative: str,
    thresholds: Iterable[float] = THRESHOLDS,
) -> pd.DataFrame:
    """Call the annotated cells by every rule at every threshold, and measure the calls.

    Only cells of the splits val and test count. Returns tables.THRESHOLDS.
    """
    rows = []
    for split in SPLITS:
        part = cells[cells["label"].notna() & (cells["split"] == split)]
        if part.empty:
            continue
        labels = pd.Index(classes).get_indexer(pd.Index(part["label"]))
        probabilities = part[[f"p_{name}" for name in classes]].to_numpy(np.float64)
        once = np.ones((1, len(part)))
        for rule in RULES:
            for threshold in thresholds:
                called = Rule(rule, float(threshold), classes, negative).decide(probabilities)
                scored = Scored(labels, called, probabilities, classes, dict(groups))
                for (name, metric), value in measure(scored, once).items():
                    if metric in METRICS:
                        rows.append([rule, threshold, split, name, metric, float(value[0])])
    columns = ["rule", "threshold", "split", "class", "metric", "value"]
    return pd.DataFrame(rows, columns=columns)
