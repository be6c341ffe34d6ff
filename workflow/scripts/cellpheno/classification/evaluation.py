"""Measure classifiers on annotated cells, with intervals over groups."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import sklearn.metrics

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.measuring import comparison
from cellpheno.measuring.intervals import Estimate, leave_out, measured, spread
from cellpheno.measuring.metrics import auc, mean_of_known, share
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Metrics = dict[tuple[str, str], Array]
"""Values [b] by class and name of the metric."""

SPLITS = ("val", "test")
COMPARED = ("balanced_accuracy", "macro_f1", "mean_auc")
"""Metrics of all classes by which classifiers are compared."""


@dataclasses.dataclass(frozen=True)
class Scored:
    """Annotated cells of one split with the results of one classifier.

    `labels` and `called` [n] are positions in `classes`, `probabilities` are [n, classes]; `groups`
    are classes taken together, by name.
    """

    labels: Integers
    called: Integers
    probabilities: Array
    classes: list[str]
    groups: Mapping[str, Sequence[str]]

    def against_rest(self) -> Iterator[tuple[str, Mask, Mask, Array]]:
        """Yield for each class and group: name, annotated as it, called it, its probability."""
        alone = {name: [name] for name in self.classes}
        for name, members in {**alone, **self.groups}.items():
            inside = np.isin(self.classes, members)
            score = self.probabilities[:, inside].sum(axis=1)
            yield name, inside[self.labels], inside[self.called], score


def measure(cells: Scored, weights: Array) -> Metrics:
    """Return every metric [b] for many weightings [b, n] of the same cells at once (A38).

    Keys are a class, group or `all`, and the metric; undefined values are NaN.
    """
    metrics: Metrics = {}
    for name, positive, called, score in cells.against_rest():
        hits, wrong = weights @ (positive & called), weights @ (~positive & called)
        positives, negatives = weights @ positive, weights @ ~positive
        metrics[name, "sensitivity"] = share(hits, positives)
        metrics[name, "specificity"] = share(negatives - wrong, negatives)
        metrics[name, "precision"] = share(hits, hits + wrong)
        metrics[name, "f1"] = share(2 * hits, positives + hits + wrong)
        metrics[name, "auc"] = auc(positive, score, weights)
    right = weights @ (cells.labels == cells.called)
    metrics["all", "accuracy"] = share(right, weights.sum(axis=1))
    sizes = weights @ (cells.labels[:, None] == np.arange(len(cells.classes)))
    each = np.stack([metrics[name, "f1"] for name in cells.classes], axis=1)
    weighted = (np.nan_to_num(each) * sizes).sum(axis=1)
    metrics["all", "weighted_f1"] = share(weighted, sizes.sum(axis=1))
    means = {"balanced_accuracy": "sensitivity", "macro_f1": "f1", "mean_auc": "auc"}
    for mean, metric in means.items():
        metrics["all", mean] = mean_of_known([metrics[name, metric] for name in cells.classes])
    return metrics


def with_intervals(cells: Scored, drawn: Metrics) -> pd.DataFrame:
    """Return every metric with its 95 % interval from its values of all weightings.

    These come from `measure` and `intervals.leave_out`. Returns class, metric, the fields of
    `Estimate` and n (annotated cells of the class, group, or all).
    """
    counts = {name: int(positive.sum()) for name, positive, _, _ in cells.against_rest()}
    counts["all"] = len(cells.labels)
    rows = [(*about, *spread(v).interval(), counts[about[0]]) for about, v in drawn.items()]
    return pd.DataFrame(rows, columns=["class", "metric", *Estimate._fields, "n"])


def roc_curve(positive: Mask, score: Array) -> pd.DataFrame:
    """Return the ROC curve of cells [n], without points on a straight line.

    It is empty without positive or without negative cells.
    """
    false, true = np.empty((2, 0))
    if positive.any() and not positive.all():
        false, true, _ = sklearn.metrics.roc_curve(positive, score)
    return pd.DataFrame({"false_positive_rate": false, "true_positive_rate": true})


def roc(cells: Scored) -> pd.DataFrame:
    """Return the ROC curve of each class and group that has one."""
    curves = [
        roc_curve(positive, score).assign(**{"class": name})
        for name, positive, _, score in cells.against_rest()
    ]
    return pd.concat(curves, ignore_index=True)


def confusion(labels: Integers, called: Integers, classes: Sequence[str]) -> pd.DataFrame:
    """Return how many cells of each annotated class were called each class: label, call, n."""
    count = len(classes)
    n = sklearn.metrics.confusion_matrix(labels, called, labels=np.arange(count)).ravel()
    pairs = {"label": np.repeat(classes, count), "call": np.tile(classes, count)}
    return pd.DataFrame({**pairs, "n": n})


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Metrics of all runs, ROC and confusion of the run that makes the calls, and pairs."""

    metrics: pd.DataFrame
    roc: pd.DataFrame
    confusion: pd.DataFrame
    compared: pd.DataFrame
    """Every two classifiers on test: columns of tables.COMPARED from `first` on, and the metric."""


def evaluate(
    cells: pd.DataFrame,
    runs: dict[tuple[str, str], pd.DataFrame],
    classes: list[str],
    groups: dict[str, list[str]],
    decide: Callable[[Array], Integers],
    group_of: pd.Series,
    margin: float,
) -> Evaluation:
    """Measure every run on the annotated cells of the splits `val` and `test`.

    `cells` is the cells table. `runs` maps experiment and seed (or `mean`) to predictions; the
    first one with `mean` makes the calls. `decide` maps probabilities [n, classes] to called
    classes [n], `group_of` fields to groups; differences within `margin` do not matter. Raises
    StudyError when no cell of these splits is annotated.
    """
    known = cells[cells["label"].notna() & cells["split"].isin(SPLITS)]
    if known.empty:
        raise StudyError(
            "No detected cell of the splits val and test matches an annotated one, so nothing can "
            "be evaluated; look at metrics/detection.tsv and at splits.tsv."
        )
    main = next(run for run in runs if run[1] == "mean")
    metrics, curves, confusions = [], [], []
    competitors: dict[str, dict[str, Array]] = {}
    for split in SPLITS:
        part = known[known["split"] == split].reset_index(drop=True)
        if part.empty:
            notices.warn(
                f"The split {split} has no annotated cells and is not evaluated; see "
                "annotations/counts.tsv."
            )
            continue
        for (experiment, run), predictions in runs.items():
            scored = _scored(part, predictions, classes, groups, decide)
            row = {"experiment": experiment, "seed": run, "split": split}
            drawn = measured(partial(measure, scored), leave_out(part["field"].map(group_of)))
            metrics.append(with_intervals(scored, drawn).assign(**row))
            if (split, run) == ("test", "mean"):
                competitors[experiment] = {name: drawn["all", name][None] for name in COMPARED}
            if (experiment, run) == main:
                curves.append(roc(scored).assign(split=split))
                pairs = confusion(scored.labels, scored.called, classes)
                confusions.append(pairs.assign(split=split))
    compared = comparison.of_metrics(competitors, margin)
    parts = (metrics, curves, confusions, [compared])
    return Evaluation(*(pd.concat(each, ignore_index=True) for each in parts))


def _scored(
    cells: pd.DataFrame,
    predictions: pd.DataFrame,
    classes: list[str],
    groups: dict[str, list[str]],
    decide: Callable[[Array], Integers],
) -> Scored:
    """Return annotated cells with their calls by a run's predictions."""
    columns = [f"p_{name}" for name in classes]
    named = ["field", *BOX_COLUMNS, "feature_shard", "feature_row"]
    found = cells[named].merge(predictions[named + columns], on=named, validate="one_to_one")
    if len(found) != len(cells):
        raise StudyError(
            "The cells table has cells that a classifier has no prediction for; delete "
            "cells.parquet and the folder `predictions` of the study and run the workflow again."
        )
    probabilities = found[columns].to_numpy(np.float64)
    labels = pd.Index(classes).get_indexer(pd.Index(cells["label"]))
    return Scored(labels, decide(probabilities), probabilities, classes, groups)
