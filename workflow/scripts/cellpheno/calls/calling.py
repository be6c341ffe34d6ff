"""Call cells from class probabilities: fused scores, decision rules, the cells table."""

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.calls.fusion import Settings, fuse, suppress
from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.labels import from_annotations
from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables import storage
from cellpheno.tables.cells import PREDICTIONS
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.target import FUSION_WEIGHTS

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CELL = ["feature_shard", "feature_row"]
"""Columns that identify a detected cell in the predictions of every classifier."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """How probabilities become a call.

    `argmax`: the likeliest class, or the negative class if its probability is below the threshold
    (A36, the paper's words). `best_positive`: the likeliest class that is not negative if it is
    above the threshold, however likely the negative class is (A37, the published code).
    """

    kind: str
    threshold: float
    classes: list[str]
    negative: str

    def decide(self, probabilities: Array) -> Integers:
        """Return the called class [n] for probabilities [n, classes]."""
        negative = self.classes.index(self.negative)
        rows = np.arange(len(probabilities))
        if self.kind == "argmax":
            best = probabilities.argmax(axis=1)
            enough = probabilities[rows, best] >= self.threshold
        else:
            positive = probabilities.copy()
            positive[:, negative] = -1.0
            best = positive.argmax(axis=1)
            enough = positive[rows, best] > self.threshold
        return np.where(enough, best, negative)


def probability_columns(classes: Iterable[str]) -> list[str]:
    """Return the names of the columns with the probabilities of these classes."""
    return [f"p_{name}" for name in classes]


def read_runs(
    paths: Iterable[str | Path], searched: Collection[str], source: str
) -> dict[tuple[str, str], pd.DataFrame]:
    """Read predictions `<experiment>/seed<k>/<shard>.parquet` and join the shards of each run.

    Returns predictions tables with `feature_shard`, sorted by shard and feature row, by experiment
    and seed in the order of the paths. Raises StudyError when a file is incomplete, or a run has
    not classified exactly the cells of the fields `searched`, which come from `source`.
    """
    runs: dict[tuple[str, str], list[pd.DataFrame]] = {}
    fields: dict[Path, list[str]] = {}
    for path in map(Path, paths):
        fields.setdefault(path.parent, []).extend(storage.searched(path))
        frame = storage.read(path, PREDICTIONS)
        frame = frame.assign(feature_shard=pd.Series(path.stem, index=frame.index, dtype="str"))
        run = (path.parent.parent.name, path.parent.name.removeprefix("seed"))
        runs.setdefault(run, []).append(frame)
    for folder, own in fields.items():
        storage.check_fields(own, searched, str(folder), source)
    return {
        run: storage.concatenate(frames, PREDICTIONS).sort_values(CELL, ignore_index=True)
        for run, frames in runs.items()
    }


def average(seeds: list[pd.DataFrame], classes: list[str]) -> pd.DataFrame:
    """Return predictions with the mean probability over several seeds of one classifier.

    Raises StudyError when the seeds did not classify the same boxes.
    """
    first = seeds[0]
    same = ["field", *BOX_COLUMNS, *CELL]
    if not all(first[same].equals(other[same]) for other in seeds[1:]):
        raise StudyError(
            "The seeds of a classifier have predictions for different cells; delete the folder "
            "`predictions` of the study and run the workflow again."
        )
    columns = probability_columns(classes)
    mean = np.mean([frame[columns].to_numpy(np.float64) for frame in seeds], axis=0)
    return first.assign(**dict(zip(columns, mean.T, strict=True)))


def of_one_class(detections: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return predictions for tables.DETECTIONS where every cell is of one class.

    The detector's score stands for the probability of the class, because no classifier gives one.
    """
    scored = detections.rename(columns={"score": "det_score"})
    return scored.assign(**dict.fromkeys(probability_columns([name]), scored["det_score"]))


def call(predictions: pd.DataFrame, rule: Rule, settings: Settings) -> pd.DataFrame:
    """Call each cell with a detector score above `settings.min_score`.

    The classifier's weight applies to the probability of the target class (C28), or of the call if
    None. Returns `predictions` with `call`, `cls_score` (probability of the call) and `score`.
    """
    cells = predictions[predictions["det_score"] > settings.min_score].reset_index(drop=True)
    kept = suppress(cells, cells["det_score"].to_numpy(np.float64), settings.nms_before)
    cells = cells.iloc[kept].reset_index(drop=True)
    probabilities = cells[probability_columns(rule.classes)].to_numpy(np.float64)
    called = rule.decide(probabilities)
    certainty = probabilities[np.arange(len(cells)), called]
    fused = (
        certainty if settings.target is None else cells[f"p_{settings.target}"].to_numpy(np.float64)
    )
    detector = cells["det_score"].to_numpy(np.float64)
    scores = fuse(detector, fused, float(settings.classifier_weight), settings.keep_below)
    cells = cells.assign(
        call=pd.Series(np.array(rule.classes, dtype=object)[called], dtype="str"),
        cls_score=certainty,
        score=scores,
    )
    return cells.iloc[suppress(cells, scores, settings.nms_after)].reset_index(drop=True)


def learnt_weight(path: str | Path, experiment: str, detector: str) -> float:
    """Return the classifier's weight that was chosen on val, the mean over seeds."""
    tried = storage.read(path, FUSION_WEIGHTS)
    own = tried["chosen"] & (tried["experiment"] == experiment) & (tried["detector"] == detector)
    return float(tried.loc[own, "weight"].mean())


def describe(
    cells: pd.DataFrame, fields: pd.DataFrame, splits: pd.DataFrame, annotated: pd.DataFrame
) -> pd.DataFrame:
    """Add origin and annotated class: return the cells table, sorted by field and box.

    `fields` is the quality table. Raises StudyError when a cell's field has no split.
    """
    origin = in_splits(fields, splits)
    origin = origin[["field", "condition", "replicate", "group", "split"]]
    strangers = set(cells["field"]) - set(origin["field"])
    if strangers:
        raise StudyError(
            f"The field {min(strangers)} has detected cells but is not in splits.tsv; delete "
            "the folder `detections` of the study and run the workflow again."
        )
    described = cells.merge(origin, on="field", validate="many_to_one")
    described = described.sort_values(["field", *BOX_COLUMNS], ignore_index=True)
    scores = described["det_score"].to_numpy(np.float64)
    return described.assign(label=from_annotations.from_annotations(described, scores, annotated))


def warn_of_calls(calls: pd.Series, classes: Sequence[str]) -> None:
    """Warn if no cell was called, or all cells were called the same of several `classes`."""
    if calls.empty:
        notices.warn(
            "No cell was called in any field of the study: look at calls.min_score in the config "
            "and at metrics/detection.tsv."
        )
    elif len(classes) > 1 and len(set(calls)) == 1:
        notices.warn(
            f"All {len(calls)} called cells of the study are called {calls.iloc[0]}: the "
            "classifier calls one class only, so frequencies mean nothing; look at "
            "metrics/confusion.tsv and at calls.threshold in the config."
        )
