"""Measure classifiers of two classes by a stain, with intervals of several kinds (L21 to L25).

Patches of one field overlap and share its light and cells, so they are not independent. Intervals
and p values that treat them as independent are given only for comparison with published ones, under
names that say so.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cellpheno.classification.correlation import GROUPS, correlate
from cellpheno.classification.evaluation import confusion, roc_curve
from cellpheno.core.errors import StudyError
from cellpheno.measuring.intervals import Estimate, estimate, estimates
from cellpheno.measuring.metrics import auc, share
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ALL = "all"
"""All fields together, as training and as test data."""
BINS = 10
"""Bins of the calibration curve, of equal width."""
PER_CLASS = "binomial per class"
OVER_PATCHES = "binomial over patches"


@dataclasses.dataclass(frozen=True)
class Part:
    """Test patches [n] of one data set with the results of one experiment.

    `dim` is the class by the stain, `called` the call, `score` the probability of the dim class: 1
    is live (L25).
    """

    group: npt.NDArray[np.intp]
    """[n] numbers of the independent groups (`splits.by`)."""
    dim: Mask
    called: Mask
    score: Array


def balanced_accuracy(part: Part, weights: Array) -> Array:
    """Return the mean of both sensitivities for many weightings [b, n], NaN if one is undefined."""
    of_dim = share(weights @ (part.dim & part.called), weights @ part.dim)
    of_bright = share(weights @ (~part.dim & ~part.called), weights @ ~part.dim)
    return (of_dim + of_bright) / 2


def calibration_error(part: Part, weights: Array) -> Array:
    """Return the expected calibration error for many weightings [b, n] (Naeini et al. 2015).

    It is the distance between mean score and share of the dim class in each of ten bins of equal
    width, weighted by the bin's patches.
    """
    number = _bins(part.score)
    error = np.zeros(len(weights))
    for k in range(BINS):
        inside = number == k
        if inside.any():
            error += np.abs(weights[:, inside] @ (part.score[inside] - part.dim[inside]))
    return error / weights.sum(axis=1)


def _bins(score: Array) -> npt.NDArray[np.intp]:
    """Return the bin [n] of each score; 1 is in the last one."""
    return np.minimum((score * BINS).astype(np.intp), BINS - 1)


METRICS: dict[str, Callable[[Part, Array], Array]] = {
    "balanced_accuracy": balanced_accuracy,
    "auc": lambda part, weights: auc(part.dim, part.score, weights),
    "expected_calibration_error": calibration_error,
}


def measure(part: Part) -> Iterator[dict[str, Any]]:
    """Yield each metric with its intervals: metric, method, the fields of `Estimate`, n.

    Besides the interval over groups, balanced accuracy has two binomial intervals. `binomial per
    class` adds the variances of both sensitivities. `binomial over patches` treats balanced
    accuracy as a share of all patches: the printed 0.866 [0.851, 0.881] is exactly that for 1872
    patches (L22), but it is too narrow if one class is rare, as 449 of 4720 (L23).
    """
    n = len(part.dim)
    for name, metric in METRICS.items():
        found = estimate(partial(metric, part), part.group)
        row = {"metric": name, "n": n}
        yield {**row, "method": GROUPS, **found._asdict()}
        value = found.value
        for method, sd in _binomial(part, value).items() if name == "balanced_accuracy" else ():
            half = stats.norm.ppf(0.975) * sd
            binomial = Estimate(value, max(value - half, 0.0), min(value + half, 1.0), n, "")
            yield {**row, "method": method, **binomial._asdict()}


def _binomial(part: Part, value: float) -> dict[str, float]:
    """Return the standard deviation of balanced accuracy if patches were independent."""
    right = [part.called[part.dim], ~part.called[~part.dim]]
    if not all(len(one) for one in right):
        return {}
    variance = sum(one.mean() * (1 - one.mean()) / len(one) for one in right) / 4
    return {
        PER_CLASS: float(np.sqrt(variance)),
        OVER_PATCHES: float(np.sqrt(value * (1 - value) / len(part.dim))),
    }


def calibration(part: Part) -> pd.DataFrame:
    """Return the calibration curve: the share that the stain calls dim in each bin of the score.

    Intervals are over groups; bins without patches are left out.
    """
    number = _bins(part.score)
    inside = {k: number == k for k in np.unique(number)}
    shares = estimates(
        lambda w: {k: share(w @ (one & part.dim), w @ one) for k, one in inside.items()},
        part.group,
    )
    rows = [
        (k / BINS, (k + 1) / BINS, part.score[one].mean(), *shares[k], int(one.sum()))
        for k, one in inside.items()
    ]
    names = ["bin_low", "bin_high", "mean_score", "share", *Estimate._fields[1:], "n"]
    return pd.DataFrame(rows, columns=names)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Tables of all experiments on all data sets (TWO_CLASSES and so on)."""

    metrics: pd.DataFrame
    roc: pd.DataFrame
    confusion: pd.DataFrame
    calibration: pd.DataFrame


def scores(
    cells: pd.DataFrame,
    runs: Mapping[str, pd.DataFrame],
    labelled: pd.DataFrame,
    low: str,
    split: str = "test",
) -> pd.DataFrame:
    """Return every candidate of the held-out fields with every experiment's score (L25).

    `runs` maps experiments to predictions; `labelled` (tables.LABELLED) has the stain's brightness;
    the score is the probability of the dim class `low`. Returns tables.SCORES; a missing label was
    discarded or not measured.
    """
    key = ["field", *BOX_COLUMNS]
    held_out = cells.loc[cells["split"] == split, [*key, "condition", "split", "label"]]
    known = held_out.merge(labelled[[*key, "mean"]].drop_duplicates(key), on=key, how="left")
    parts = []
    for experiment, predictions in runs.items():
        score = predictions[[*key, f"p_{low}"]].rename(columns={f"p_{low}": "score"})
        part = known.merge(score.drop_duplicates(key), on=key)
        parts.append(part.assign(experiment=experiment))
    columns = ["experiment", "split", "field", "condition", *BOX_COLUMNS, "mean", "label", "score"]
    return pd.concat(parts, ignore_index=True)[columns]


def evaluate(
    scored: pd.DataFrame,
    trained_on: Mapping[str, str],
    data_sets: Mapping[str, Sequence[str]],
    classes: tuple[str, str],
    group_of: pd.Series,
) -> Evaluation:
    """Measure every experiment on every data set.

    `scored` comes from `scores`; `trained_on` maps experiments to the names of their data,
    `data_sets` names to fields, `group_of` fields to independent groups; `classes` are the dim and
    the bright class. Raises StudyError when
    no patch of any data set has a label.
    """
    metrics, curves, confusions, calibrations = [], [], [], []
    for experiment, frame in scored.groupby("experiment", sort=False):
        for name, fields in data_sets.items():
            about = {
                "experiment": experiment,
                "trained_on": trained_on[str(experiment)],
                "tested_on": name,
            }
            inside = frame[frame["field"].isin(fields)]
            known = inside.dropna(subset="label")
            if known.empty:
                continue
            part = _part(known, classes[0], group_of)
            metrics += [{**about, **row} for row in measure(part)]
            for ending, rows in (("", known), ("_of_all_patches", inside)):
                lit = rows.dropna(subset="mean")
                for row in _correlations(lit, group_of):
                    metrics.append({**about, **row, "metric": row["metric"] + ending})
            curves.append(roc_curve(part.dim, part.score).assign(**about))
            dim, called = ((~each).astype(np.int64) for each in (part.dim, part.called))
            confusions.append(confusion(dim, called, classes).assign(**about))
            calibrations.append(calibration(part).assign(**about))
    if not metrics:
        raise StudyError(
            "No patch of the test fields has a label by the stain, so nothing can be measured; "
            "look at labels/mixture.tsv, splits.tsv and the fields set aside in qc/fields.tsv."
        )
    table = pd.DataFrame(metrics)
    tables = [pd.concat(parts, ignore_index=True) for parts in (curves, confusions, calibrations)]
    return Evaluation(table if "p" in table else table.assign(p=np.nan), *tables)


def _part(known: pd.DataFrame, low: str, group_of: pd.Series) -> Part:
    score = known["score"].to_numpy(np.float64)
    dim = (known["label"] == low).to_numpy()
    return Part(pd.factorize(known["field"].map(group_of))[0], dim, score > 0.5, score)


def _correlations(rows: pd.DataFrame, group_of: pd.Series) -> Iterator[dict[str, Any]]:
    brightness, score = (rows[name].to_numpy(np.float64) for name in ("mean", "score"))
    yield from correlate(brightness, score, pd.factorize(rows["field"].map(group_of))[0])
