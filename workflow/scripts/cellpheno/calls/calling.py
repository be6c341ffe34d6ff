"""From class probabilities to called cells: fused scores, decision rules, the cells table."""

import dataclasses
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.calls.fusion import Fusion, fuse, suppress
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
"""Columns that name a detected cell in the predictions of every classifier."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """How probabilities become a call.

    Attributes
    ----------
    kind
        `argmax`: the likeliest class, or the negative class when even that is below the threshold
        (A36, the paper's words). `best_positive`: the likeliest class that is not negative if it
        is above the threshold, however likely the negative class is (A37, the published code).
    threshold
        Probability.
    classes
        Names of the columns of the probabilities.
    negative
        The negative class.
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
    """Return the names of the columns that hold the probabilities of these classes."""
    return [f"p_{name}" for name in classes]


def read_runs(
    paths: Iterable[str | Path], searched: Collection[str], source: str
) -> dict[tuple[str, str], pd.DataFrame]:
    """Read predictions and put the shards of each run together.

    Parameters
    ----------
    paths
        Files `<experiment>/seed<k>/<shard>.parquet`, in any order.
    searched, source
        Fields whose cells every run must have classified, and where they come from.

    Returns
    -------
    dict
        Experiment and seed to a predictions table with the column `feature_shard`; runs in the
        order of the paths, rows sorted by shard and feature row.

    Raises
    ------
    StudyError
        When a run has classified the cells of other fields, or a file is not whole.
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

    Raises
    ------
    StudyError
        When the seeds did not classify the same boxes.
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


def call(
    predictions: pd.DataFrame,
    rule: Rule,
    classifier_weight: float,
    min_score: float,
    fusion: Fusion = Fusion(),  # noqa: B008 - frozen
    target: str | None = None,
) -> pd.DataFrame:
    """Call the class of each cell that the detector is sure enough of.

    Parameters
    ----------
    predictions
        The predictions table.
    rule
        How probabilities become a call.
    classifier_weight
        Weight of the classifier in the fused score.
    min_score
        Cells with this detector score or a lower one are dropped.
    fusion
        How scores are fused and which boxes give way to better ones (C34, C35).
    target
        The class whose probability is fused with the detector's score (C28); None: the called one.

    Returns
    -------
    table
        `predictions` with the columns `call`, `cls_score` (probability of the call) and `score`.
    """
    cells = predictions[predictions["det_score"] > min_score].reset_index(drop=True)
    kept = suppress(cells, cells["det_score"].to_numpy(np.float64), fusion.nms_before)
    cells = cells.iloc[kept].reset_index(drop=True)
    probabilities = cells[probability_columns(rule.classes)].to_numpy(np.float64)
    called = rule.decide(probabilities)
    certainty = probabilities[np.arange(len(cells)), called]
    fused = certainty if target is None else cells[f"p_{target}"].to_numpy(np.float64)
    detector = cells["det_score"].to_numpy(np.float64)
    scores = fuse(detector, fused, classifier_weight, fusion.keep_below)
    cells = cells.assign(
        call=pd.Series(np.array(rule.classes, dtype=object)[called], dtype="str"),
        cls_score=certainty,
        score=scores,
    )
    return cells.iloc[suppress(cells, scores, fusion.nms_after)].reset_index(drop=True)


def learnt_weight(path: str | Path, experiment: str, detector: str) -> float:
    """Return the classifier's weight that was learnt on val, the mean over the seeds.

    Parameters
    ----------
    path
        tables.FUSION_WEIGHTS.
    experiment, detector
        Which ones make the calls.
    """
    tried = storage.read(path, FUSION_WEIGHTS)
    own = tried["chosen"] & (tried["experiment"] == experiment) & (tried["detector"] == detector)
    return float(tried.loc[own, "weight"].mean())


def describe(
    cells: pd.DataFrame, fields: pd.DataFrame, splits: pd.DataFrame, annotated: pd.DataFrame
) -> pd.DataFrame:
    """Add where each cell comes from and what the annotator says it is.

    Parameters
    ----------
    cells
        Called cells.
    fields
        The quality table: condition, replicate and group of each field.
    splits
        The splits table.
    annotated
        The boxes table.

    Returns
    -------
    table
        The cells table, sorted by field and box.

    Raises
    ------
    StudyError
        When a cell's field has no split.
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


def warn_of_calls(calls: pd.Series) -> None:
    """Warn where no cell was called, or where all cells were called the same class.

    Parameters
    ----------
    calls
        Called class of every cell of the study.
    """
    if calls.empty:
        notices.warn(
            "No cell was called in any field of the study: look at calls.min_score in the config "
            "and at metrics/detection.tsv."
        )
    elif len(set(calls)) == 1:
        notices.warn(
            f"All {len(calls)} called cells of the study are called {calls.iloc[0]}: the "
            "classifier calls one class only, and no frequency means anything; look at "
            "metrics/confusion.tsv and at calls.threshold in the config."
        )
