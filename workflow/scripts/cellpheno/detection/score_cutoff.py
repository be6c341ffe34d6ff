"""Read the detector score above which a detected box counts as a cell.

A separate module, so that a change of the decision rules does not cut the crops again.
"""

from pathlib import Path

from cellpheno.core.errors import StudyError
from cellpheno.tables import storage
from cellpheno.tables.metrics import DETECTION_METRICS


def minimum_score(setting: float | str, detection_metrics: str | Path) -> float:
    """Return the detector score above which a detected box counts as a cell.

    `setting` is the config's `calls/min_score`: a number, or `auto` for the threshold that was
    chosen on the split `val`. Only `auto` reads the metrics, and raises StudyError without it.
    """
    if setting != "auto":
        return float(setting)
    metrics = storage.read(detection_metrics, DETECTION_METRICS)
    chosen = metrics[(metrics["metric"] == "score_threshold") & (metrics["split"] == "val")]
    if len(chosen) != 1 or chosen["value"].isna().any():
        raise StudyError(
            f"calls/min_score is auto, but {detection_metrics} holds no score_threshold for the "
            "split val; annotate fields of that split, or give a number between 0 and 1."
        )
    return float(chosen["value"].iloc[0])
