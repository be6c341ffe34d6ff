"""Measure how many planted label errors are found, where a simulation knows them."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from cellpheno.labels import from_annotations


def found(judged: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Compare tables.LABEL_ERRORS with tables.TRUTH; return tables.FOUND_LABEL_ERRORS.

    A cell is the true one that it overlaps most, from an IoU of 0.5. The metrics are precision and
    recall of the listed cells, average precision of the order of all cells, the share of cells with
    an error, and the share of found errors whose suggested class is the true one.
    """
    scores = np.zeros(len(judged))
    matched = from_annotations.from_annotations(judged, scores, truth)
    true = matched.to_numpy(dtype=object)
    wrong = matched.notna().to_numpy() & (judged["label"].to_numpy() != true)
    listed = judged["listed"].to_numpy(dtype=bool)
    hits = wrong & listed
    right = judged["suggested"].to_numpy() == true
    ranking = -judged["rank"].to_numpy(dtype=float)
    shares = {
        "precision": (hits.sum(), listed.sum()),
        "recall": (hits.sum(), wrong.sum()),
        "right_suggestion": ((hits & right).sum(), hits.sum()),
        "error_rate": (wrong.sum(), len(judged)),
    }
    rows = [[name, part / n if n else np.nan, n] for name, (part, n) in shares.items()]
    ranked = average_precision_score(wrong, ranking) if wrong.any() else np.nan
    rows.append(["average_precision", ranked, len(judged)])
    return pd.DataFrame(rows, columns=["metric", "value", "n"])
