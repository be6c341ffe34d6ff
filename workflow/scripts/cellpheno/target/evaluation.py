"""Measure how well cells of the target class are found in images, with several fusion weights."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.calls.fusion import Settings, fuse, suppress
from cellpheno.measuring import comparison
from cellpheno.measuring.intervals import Scale, leave_out, measured, spread
from cellpheno.measuring.precision_recall import average_precision, best_threshold
from cellpheno.splits.usable_fields import groups
from cellpheno.tables import storage
from cellpheno.tables.metrics import COMPARED
from cellpheno.tables.target import FUSION_WEIGHTS, IMAGE_LEVEL
from cellpheno.target import conventions

Array = npt.NDArray[np.float64]
Runs = Mapping[tuple[str, str], pd.DataFrame]
Competitors = dict[str, dict[str, Array]]
"""Values [s, b] of s trainings by competitor and metric."""

GRID = np.linspace(0, 1, 21)
"""Weights among which one is chosen."""
LEARNT = "learnt"
EVERY_SCORE = -1.0
"""A threshold below every score, so that all boxes count if none can be chosen."""


@dataclasses.dataclass(frozen=True)
class Task:
    """How cells of the target class are found and measured.

    `weights` of the classifier are compared; `learnt` is that of the best AP50 on val. `report_on`
    is the split `test`, or `val` as CCA did at the level of cells (C60).
    """

    calls: Settings
    weights: Sequence[float | str]
    report_on: str
    margin: float = 0.0
    """Differences within it do not matter."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """The boxes of one split, proposed by one detector and judged by one classifier."""

    proposed: pd.DataFrame
    """field, box, det_score, p_<class>, after the suppression before the classifier."""
    truth: pd.DataFrame
    """Annotated cells of the target class."""
    fields: list[str]

    def scored(self, weight: float, calls: Settings) -> pd.DataFrame:
        """Return the boxes with their fused `score`, after the suppression by it."""
        scores = fuse(
            self.proposed["det_score"].to_numpy(np.float64),
            self.proposed[f"p_{calls.target}"].to_numpy(np.float64),
            weight,
            calls.keep_below,
        )
        kept = suppress(self.proposed, scores, calls.nms_after)
        return self.proposed.iloc[kept].assign(score=scores[kept])


def scene(
    judged: pd.DataFrame, detector: str, split: str, calls: Settings, fields: list[str]
) -> Scene:
    """Return the boxes of some fields of a split from one classifier's tables.JUDGED_BOXES.

    `fields` includes those without any box.
    """
    inside = judged[(judged["split"] == split) & judged["field"].isin(fields)]
    proposed = inside[(inside["source"] == "detected") & (inside["detector"] == detector)]
    kept = suppress(proposed, proposed["det_score"].to_numpy(np.float64), calls.nms_before)
    truth = inside[(inside["source"] == "annotated") & (inside["label"] == calls.target)]
    return Scene(proposed.iloc[kept].reset_index(drop=True), truth, fields)


def learn_weight(val: Scene, calls: Settings) -> tuple[float, pd.DataFrame]:
    """Return the weight of the best AP50 on val, and AP50 at every weight of the grid.

    Of several, the smallest weight is chosen; it is 1 if nothing can be measured.
    """
    points = []
    for weight in GRID:
        matched = conventions.match(
            val.scored(weight, calls), val.truth, val.fields, conventions.SOUND
        )
        every = np.ones((1, len(val.fields)))
        points.append(average_precision(matched, every)[0])
    table = pd.DataFrame({"weight": GRID, "ap50": points})
    chosen = 1.0 if np.isnan(points).all() else float(GRID[int(np.nanargmax(points))])
    return chosen, table.assign(chosen=table["weight"] == chosen)


def values(
    val: Scene, reported: Scene, weight: float, task: Task, weights: Array
) -> dict[tuple[str, str], Array]:
    """Return values [b] by convention and metric of images with weights [b, f] from `leave_out`.

    The threshold of the sound F1 is chosen on `val`.
    """
    scored = [
        (each.scored(weight, task.calls), each.truth, each.fields) for each in (reported, val)
    ]
    matched = {
        name: [conventions.match(*each, name) for each in scored]
        for name in conventions.CONVENTIONS
    }
    thresholds = {
        name: best_threshold(on_val, EVERY_SCORE) for name, (_, on_val) in matched.items()
    }
    return measured(
        lambda block: {
            (name, metric): value
            for name, (found, _) in matched.items()
            for metric, value in conventions.measure(found, block, name, thresholds[name]).items()
        },
        weights,
    )


def with_mean(seeds: Mapping[str, Array], scale: Scale = "logit") -> list[dict[str, object]]:
    """Return a row for each seed, and one for their mean with the standard deviation of seeds.

    The interval of the mean is for further trainings as well as for further groups.
    """
    rows: list[dict[str, object]] = [
        {"seed": seed, "sd": np.nan, **spread(drawn).interval(scale)._asdict()}
        for seed, drawn in seeds.items()
    ]
    stacked = np.stack(list(seeds.values()))
    sd = float(stacked[:, 0].std(ddof=1)) if len(stacked) > 1 else np.nan
    mean = spread(stacked.mean(axis=0)).with_seeds(stacked[:, 0])
    return [*rows, {"seed": "mean", "sd": sd, **mean.interval(scale)._asdict()}]


def evaluate(
    runs: Runs, pairs: Mapping[str, Sequence[str]], splits: pd.DataFrame, task: Task
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure every experiment with each of its detectors at every weight.

    `runs` maps experiment and seed to tables.JUDGED_BOXES, `pairs` experiments to the detectors
    whose boxes they judge. Returns tables.IMAGE_LEVEL, tables.FUSION_WEIGHTS, and tables.COMPARED
    of every two weights of a pair, and of every two pairs at the weight of the calls.
    """
    fields = {s: sorted(splits.loc[splits["split"] == s, "field"]) for s in ("val", "test")}
    without = leave_out(groups(splits)[fields[task.report_on]])
    metrics, grids, compared = [], [], []
    at_calls: Competitors = {}
    for experiment, detectors in pairs.items():
        for detector in detectors:
            of_seed = {seed: run for (name, seed), run in runs.items() if name == experiment}
            scenes = {
                seed: {
                    split: scene(run, detector, split, task.calls, fields[split])
                    for split in fields
                }
                for seed, run in of_seed.items()
            }
            about = {"experiment": experiment, "detector": detector}
            rows, tried, sound = measure_pair(scenes, task, without)
            named = f"{experiment}, boxes of {detector}"
            compared.append(
                comparison.of_metrics(sound, task.margin).assign(among=f"weights of {named}")
            )
            if (weight := _written(task.calls.classifier_weight)) in sound:
                at_calls[named] = sound[weight]
            metrics.append(rows.assign(split=task.report_on, **about))
            grids.append(tried.assign(**about))
    compared.append(comparison.of_metrics(at_calls, task.margin).assign(among="classifiers"))
    pairs_of = [table.assign(task="target images", split=task.report_on) for table in compared]
    return (
        storage.concatenate(metrics, IMAGE_LEVEL),
        storage.concatenate(grids, FUSION_WEIGHTS),
        storage.concatenate([table for table in pairs_of if len(table)], COMPARED),
    )


def _written(weight: float | str) -> str:
    return LEARNT if weight == LEARNT else f"{float(weight):g}"


def measure_pair(
    scenes: Mapping[str, Mapping[str, Scene]], task: Task, without: Array
) -> tuple[pd.DataFrame, pd.DataFrame, Competitors]:
    """Measure one experiment with one detector: the metrics, and the weights tried on val.

    The third are the sound values of every weight.

    `ap50_gain` and `f1_gain` are the differences to the detector alone in the same images.
    """
    learnt, tried = {}, [FUSION_WEIGHTS.empty()]
    if LEARNT in task.weights:
        for seed, of_split in scenes.items():
            learnt[seed], grid = learn_weight(of_split["val"], task.calls)
            tried.append(grid.assign(seed=seed))
    alone: dict[tuple[str, str], dict[str, Array]] = {}
    rows, sound = [], Competitors()
    for weight in [0.0, *(w for w in task.weights if w != 0)]:
        drawn: dict[tuple[str, str], dict[str, Array]] = {}
        used = {seed: learnt[seed] if weight == LEARNT else float(weight) for seed in scenes}
        for seed, of_split in scenes.items():
            found = values(of_split["val"], of_split[task.report_on], used[seed], task, without)
            for key, numbers in found.items():
                drawn.setdefault(key, {})[seed] = numbers
        if weight == 0:
            alone = drawn
        for (convention, metric), seeds in drawn.items():
            about = {"weight": _written(weight), "convention": convention}
            if convention == conventions.SOUND:
                sound.setdefault(_written(weight), {})[metric] = np.stack(list(seeds.values()))
            mean = float(np.mean(list(used.values())))
            kinds = {metric: seeds}
            if weight != 0:
                others = alone[convention, metric]
                kinds[f"{metric}_gain"] = {s: n - others[s] for s, n in seeds.items()}
            for name, numbers_of in kinds.items():
                for row in with_mean(numbers_of, "logit" if name == metric else "plain"):
                    own = used.get(str(row["seed"]), mean)
                    rows.append({**about, "weight_used": own, "metric": name, **row})
    n = len(next(iter(scenes.values()))[task.report_on].truth)
    frame = pd.DataFrame(rows).assign(n=n, n_fields=without.shape[1])
    return frame, storage.concatenate(tried, FUSION_WEIGHTS), sound
