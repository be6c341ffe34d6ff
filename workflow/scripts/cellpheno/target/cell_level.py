"""Measure how well annotated cells of the target class are distinguished from the rest (C50, C55).

published: the threshold of the best F1 is chosen on the reported cells.
sound: it is chosen on the split val.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.classification.evaluation import confusion
from cellpheno.measuring import comparison
from cellpheno.measuring.intervals import leave_out, measured
from cellpheno.measuring.metrics import auc, share
from cellpheno.tables import storage
from cellpheno.tables.metrics import COMPARED
from cellpheno.tables.target import CELL_CONFUSION, CELL_LEVEL
from cellpheno.target.conventions import PUBLISHED, SOUND
from cellpheno.target.evaluation import Competitors, Runs, with_mean

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

THRESHOLDS = np.round(np.arange(0.05, 0.995, 0.01), 2)
"""0.05 to 0.99 (C50)."""
COMPARED_BY = ("auroc", "f1")
"""Metrics by which classifiers are compared."""
AT_THRESHOLD = ("f1", "precision", "recall")


def counts(target: Mask, scores: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Return found, called and annotated cells [b, thresholds] of the target class.

    `target` [n] marks its cells, `scores` [n] are its probabilities, weights are [b, n].
    """
    above = scores[:, None] >= THRESHOLDS[None, :]
    found = weights @ (above & target[:, None])
    annotated = np.broadcast_to((weights @ target)[:, None], found.shape)
    return found, weights @ above, annotated


def at_thresholds(target: Mask, scores: Array, weights: Array) -> dict[str, Array]:
    """Return f1, precision and recall [b, thresholds]; precision is 0 if nothing is called."""
    found, called, annotated = counts(target, scores, weights)
    return {
        "f1": share(2 * found, called + annotated, 0.0),
        "precision": share(found, called, 0.0),
        "recall": share(found, annotated, 0.0),
    }


def best_threshold(target: Mask, scores: Array) -> int:
    """Return the position in THRESHOLDS of the best F1; of several, the lowest."""
    return int(np.argmax(at_thresholds(target, scores, np.ones((1, len(scores))))["f1"][0]))


def evaluate(
    runs: Runs,
    classes: Sequence[str],
    target: str,
    report_on: str,
    group_of: pd.Series,
    families: Mapping[str, Sequence[str]],
    margin: float,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure every classifier on the annotated cells of the reported split.

    `runs` maps experiment and seed to tables.JUDGED_BOXES, `group_of` fields to groups. CCA
    reported on `val` instead of `test` (C44, C60), which allows only the published convention.
    Returns tables.CELL_LEVEL, and tables.CELL_CONFUSION of the likeliest class (C55).
    """
    on_val = report_on == "val"
    metrics, confusions = [CELL_LEVEL.empty()], [CELL_CONFUSION.empty()]
    values_of: Competitors = {}
    for name in dict.fromkeys(experiment for experiment, _ in runs):
        of_seed = {
            run: frame[frame["source"] == "annotated"]
            for (experiment, run), frame in runs.items()
            if experiment == name
        }
        reported = {run: frame[frame["split"] == report_on] for run, frame in of_seed.items()}
        val = {run: frame[frame["split"] == "val"] for run, frame in of_seed.items()}
        about = {"experiment": name, "split": report_on}
        rows, sound = measure(reported, val, target, group_of)
        rows, values_of[name] = rows.assign(**about), sound
        # on val the threshold is chosen on the reported cells
        metrics.append(rows[rows["convention"] == PUBLISHED] if on_val else rows)
        confusions += [
            likeliest(frame, classes).assign(seed=run, **about) for run, frame in reported.items()
        ]
    compared = [
        comparison.of_metrics({name: values_of[name] for name in members}, margin).assign(
            task="target cells", among=among, split=report_on
        )
        for among, members in families.items()
    ]
    return (
        storage.concatenate(metrics, CELL_LEVEL),
        storage.concatenate(confusions, CELL_CONFUSION),
        storage.concatenate([COMPARED.empty(), *([] if on_val else compared)], COMPARED),
    )


def measure(
    reported: Mapping[str, pd.DataFrame],
    val: Mapping[str, pd.DataFrame],
    target: str,
    group_of: pd.Series,
) -> tuple[pd.DataFrame, dict[str, Array]]:
    """Measure the seeds of one classifier; return tables.CELL_LEVEL without experiment and split.

    The second are the sound values [s, b] of its s trainings by metric.

    `reported` and `val` map seeds to annotated cells (field, label, p_<class>), the same for all
    seeds; `group_of` maps fields to the groups of the intervals.
    """
    first = next(iter(reported.values()))
    weights = leave_out(first["field"].map(group_of))
    drawn: dict[tuple[str, str], dict[str, Array]] = {}
    chosen: dict[tuple[str, str], float] = {}
    for run, frame in reported.items():
        for key, numbers in values(frame, val[run], target, weights).items():
            drawn.setdefault(key, {})[run] = numbers
        for convention, cells in ((PUBLISHED, frame), (SOUND, val[run])):
            chosen[convention, run] = float(THRESHOLDS[best_threshold(*_scored(cells, target))])
    rows = []
    for (convention, metric), seeds in drawn.items():
        for row in with_mean(seeds):
            threshold = np.nan if metric == "auroc" else chosen.get((convention, str(row["seed"])))
            about = {"convention": convention, "metric": metric, "threshold": threshold}
            rows.append({**about, **row})
    n = int((first["label"] == target).sum())
    table = pd.DataFrame(rows).assign(n=n, n_cells=len(first)).astype({"threshold": float})
    return table, {
        metric: np.stack(list(seeds.values()))
        for (convention, metric), seeds in drawn.items()
        if convention == SOUND and metric in COMPARED_BY
    }


def values(
    reported: pd.DataFrame, val: pd.DataFrame, target: str, weights: Array
) -> dict[tuple[str, str], Array]:
    """Return values [b] by convention and metric.

    The n `reported` cells have weights [b, n] as from `leave_out`; the sound threshold is chosen on
    `val`.
    """
    is_target, scores = _scored(reported, target)
    on_val = best_threshold(*_scored(val, target))

    def measure(block: Array) -> dict[tuple[str, str], Array]:
        every, row = at_thresholds(is_target, scores, block), np.arange(len(block))
        area, present, found = auc(is_target, scores, block), block @ is_target > 0, {}
        for convention, at in ((PUBLISHED, every["f1"].argmax(axis=1)), (SOUND, on_val)):
            found[convention, "auroc"] = area
            for metric in AT_THRESHOLD:
                found[convention, metric] = np.where(present, every[metric][row, at], np.nan)
        return found

    return measured(measure, weights)


def likeliest(cells: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return how many cells of each annotated class have which likeliest class: label, call, n."""
    probabilities = cells[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    labels = pd.Index(classes).get_indexer(pd.Index(cells["label"]))
    return confusion(labels, probabilities.argmax(axis=1), classes)


def _scored(cells: pd.DataFrame, target: str) -> tuple[Mask, Array]:
    return (cells["label"] == target).to_numpy(), cells[f"p_{target}"].to_numpy(np.float64)
