"""How well classifiers do on annotated cells, with intervals over fields."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import confusion_matrix, roc_curve

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.core.randomness import generator
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SPLITS = ("val", "test")
RESAMPLES = 1000
"""Bootstrap samples behind an interval."""


@dataclasses.dataclass(frozen=True)
class Scored:
    """Annotated cells of one split as one classifier sees them.

    Attributes
    ----------
    labels, called
        [n] annotated and called class, as positions in `classes`.
    probabilities
        [n, classes].
    classes
        Names of the classes.
    groups
        Classes taken together, by the group's name.
    """

    labels: Integers
    called: Integers
    probabilities: Array
    classes: list[str]
    groups: dict[str, list[str]]

    def against_rest(self) -> Iterator[tuple[str, Mask, Mask, Array]]:
        """Yield each class and group: name, annotated as it, called it, its probability."""
        alone = {name: [name] for name in self.classes}
        for name, members in {**alone, **self.groups}.items():
            inside = np.isin(self.classes, members)
            score = self.probabilities[:, inside].sum(axis=1)
            yield name, inside[self.labels], inside[self.called], score


def _share(part: Array, whole: Array) -> Array:
    """Divide, with NaN where the whole is 0: such a metric is undefined, not 0."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _mean(metrics: list[Array]) -> Array:
    """Return the mean over classes of the metrics that are defined, NaN where none is."""
    stacked = np.stack(metrics)
    defined = ~np.isnan(stacked)
    return _share(np.where(defined, stacked, 0.0).sum(axis=0), defined.sum(axis=0).astype(float))


def auc(positive: Mask, score: Array, weights: Array) -> Array:
    """Return the area under the ROC curve for many weightings of the same cells at once.

    It is the weight of the pairs of a positive and a negative cell in which the positive one
    has the higher score, ties counted half, over the weight of all such pairs.

    Parameters
    ----------
    positive
        [n].
    score
        [n].
    weights
        [b, n]; a bootstrap sample is the number of times it holds each cell.

    Returns
    -------
    array
        [b], NaN where there are no positive or no negative cells.
    """
    if not len(score):
        return np.full(len(weights), np.nan)
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    with_score = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    against = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(against, axis=1) - against / 2
    pairs = with_score.sum(axis=1) * against.sum(axis=1)
    return _share((with_score * below).sum(axis=1), pairs)


def measure(cells: Scored, weights: Array) -> dict[tuple[str, str], Array]:
    """Return every metric for many weightings of the same cells at once (A38).

    Parameters
    ----------
    cells
        Annotated and called cells.
    weights
        [b, n].

    Returns
    -------
    dict
        Class, group or `all`, and metric, to [b]; NaN where undefined.
    """
    metrics: dict[tuple[str, str], Array] = {}
    for name, positive, called, score in cells.against_rest():
        hits, wrong = weights @ (positive & called), weights @ (~positive & called)
        positives, negatives = weights @ positive, weights @ ~positive
        metrics[name, "sensitivity"] = _share(hits, positives)
        metrics[name, "specificity"] = _share(negatives - wrong, negatives)
        metrics[name, "precision"] = _share(hits, hits + wrong)
        metrics[name, "f1"] = _share(2 * hits, positives + hits + wrong)
        metrics[name, "auc"] = auc(positive, score, weights)
    right = weights @ (cells.labels == cells.called)
    metrics["all", "accuracy"] = _share(right, weights.sum(axis=1))
    sizes = weights @ (cells.labels[:, None] == np.arange(len(cells.classes)))
    each = np.stack([metrics[name, "f1"] for name in cells.classes], axis=1)
    weighted = (np.nan_to_num(each) * sizes).sum(axis=1)
    metrics["all", "weighted_f1"] = _share(weighted, sizes.sum(axis=1))
    means = {"balanced_accuracy": "sensitivity", "macro_f1": "f1", "mean_auc": "auc"}
    for mean, metric in means.items():
        metrics["all", mean] = _mean([metrics[name, metric] for name in cells.classes])
    return metrics


def resamples(fields: pd.Series, seed: int, split: str) -> Array:
    """Return bootstrap samples of whole fields, since cells of one field are not independent.

    Parameters
    ----------
    fields
        [n] field of each cell.
    seed
        The study's seed.
    split
        Names the stream, so that all classifiers are measured on the same samples.

    Returns
    -------
    array
        [RESAMPLES, n] how often each sample holds each cell.
    """
    names, position = np.unique(fields.to_numpy(dtype=str), return_inverse=True)
    random = generator(seed, "classification intervals", split)
    counts = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    return counts[:, position].astype(np.float64)


def with_intervals(cells: Scored, samples: Array | None) -> pd.DataFrame:
    """Return every metric with its 95 % interval.

    Parameters
    ----------
    cells
        Annotated and called cells.
    samples
        From `resamples`; None leaves the intervals out, as for cells of a single field.

    Returns
    -------
    table
        class, metric, value, ci_low, ci_high, n (annotated cells of the class, group, or all).
    """
    values = measure(cells, np.ones((1, len(cells.labels))))
    counts = {name: int(positive.sum()) for name, positive, _, _ in cells.against_rest()}
    counts["all"] = len(cells.labels)
    spread = _blocks(cells, samples) if samples is not None else {}
    rows = []
    for (name, metric), value in values.items():
        drawn = spread.get((name, metric), np.empty(0))
        drawn = drawn[~np.isnan(drawn)]
        low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
        rows.append((name, metric, float(value[0]), low, high, counts[name]))
    return pd.DataFrame(rows, columns=["class", "metric", "value", "ci_low", "ci_high", "n"])


def _blocks(cells: Scored, samples: Array, size: int = 100) -> dict[tuple[str, str], Array]:
    """Measure bootstrap samples in blocks, so that memory does not grow with their number."""
    parts = [measure(cells, samples[i : i + size]) for i in range(0, len(samples), size)]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def roc(cells: Scored) -> pd.DataFrame:
    """Return the ROC curve of each class and group, without points on a straight line.

    Classes without positive or without negative cells have no curve.
    """
    curves = []
    for name, positive, _, score in cells.against_rest():
        if positive.any() and not positive.all():
            false, true, _ = roc_curve(positive, score)
            curve = {"class": name, "false_positive_rate": false, "true_positive_rate": true}
            curves.append(pd.DataFrame(curve))
    columns = ["class", "false_positive_rate", "true_positive_rate"]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=columns)


def confusion(cells: Scored) -> pd.DataFrame:
    """Return how many cells of each annotated class were called what: label, call, n."""
    count = len(cells.classes)
    matrix = confusion_matrix(cells.labels, cells.called, labels=np.arange(count))
    return pd.DataFrame(
        {
            "label": np.repeat(cells.classes, count),
            "call": np.tile(cells.classes, count),
            "n": matrix.ravel(),
        }
    )


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The metrics of all runs, and ROC curves and confusion of the run that makes the calls."""

    metrics: pd.DataFrame
    roc: pd.DataFrame
    confusion: pd.DataFrame


def evaluate(
    cells: pd.DataFrame,
    runs: dict[tuple[str, str], pd.DataFrame],
    classes: list[str],
    groups: dict[str, list[str]],
    decide: Callable[[Array], Integers],
    seed: int,
) -> Evaluation:
    """Measure every run on the annotated cells of the splits `val` and `test`.

    Parameters
    ----------
    cells
        The cells table; says which cells count, and what they are.
    runs
        Experiment and seed (or `mean`) to predictions; the first run of seed `mean` is the one
        that makes the calls.
    classes, groups
        As in the config.
    decide
        Probabilities [n, classes] to called classes [n].
    seed
        The study's seed.

    Raises
    ------
    StudyError
        When no cell of these splits is annotated.
    """
    known = cells[cells["label"].notna() & cells["split"].isin(SPLITS)]
    if known.empty:
        raise StudyError(
            "No detected cell of the splits val and test matches an annotated one, so nothing can "
            "be evaluated; look at metrics/detection.tsv and at splits.tsv."
        )
    main = next(run for run in runs if run[1] == "mean")
    metrics, curves, confusions = [], [], []
    for split in SPLITS:
        part = known[known["split"] == split].reset_index(drop=True)
        if part.empty:
            notices.warn(
                f"The split {split} has no annotated cells and is not evaluated; see "
                "annotations/counts.tsv."
            )
            continue
        several = len(set(part["field"])) > 1
        samples = resamples(part["field"], seed, split) if several else None
        for (experiment, run), predictions in runs.items():
            scored = _scored(part, predictions, classes, groups, decide)
            row = {"experiment": experiment, "seed": run, "split": split}
            metrics.append(with_intervals(scored, samples).assign(**row))
            if (experiment, run) == main:
                curves.append(roc(scored).assign(split=split))
                confusions.append(confusion(scored).assign(split=split))
    stacked = [pd.concat(frames, ignore_index=True) for frames in (metrics, curves, confusions)]
    return Evaluation(*stacked)


def _scored(
    cells: pd.DataFrame,
    predictions: pd.DataFrame,
    classes: list[str],
    groups: dict[str, list[str]],
    decide: Callable[[Array], Integers],
) -> Scored:
    """Look annotated cells up in a run's predictions and call them."""
    columns = [f"p_{name}" for name in classes]
    named = ["field", *BOX_COLUMNS, "feature_shard", "feature_row"]
    found = cells[named].merge(predictions[named + columns], on=named, validate="one_to_one")
    if len(found) != len(cells):
        raise StudyError(
            "The cells table holds cells that a classifier has no prediction for; delete "
            "cells.parquet and the folder `predictions` of the study and run the workflow again."
        )
    probabilities = found[columns].to_numpy(np.float64)
    labels = pd.Index(classes).get_indexer(cells["label"])
    return Scored(labels, decide(probabilities), probabilities, classes, groups)
