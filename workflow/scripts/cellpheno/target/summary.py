"""Arrange tables as in a paper: a row for each variant, a column for each metric (CCA, 2 to 5)."""

from collections.abc import Sequence

import pandas as pd

from cellpheno.study.members import Member
from cellpheno.tables.target import TARGET_SUMMARY

CELL_METRICS = ("auroc", "f1", "precision", "recall")
IMAGE_METRICS = ("ap50", "f1")
SETTING = ["experiment", "detector", "weight", "level", "convention", "split"]


def cells_of(cell_level: pd.DataFrame, experiments: Sequence[str]) -> pd.DataFrame:
    """Return a row per experiment and convention from tables.CELL_LEVEL (C51, table 2)."""
    return _wide(cell_level.assign(level="cell", detector="", weight=""), experiments, CELL_METRICS)


def images_of(image_level: pd.DataFrame, experiments: Sequence[str]) -> pd.DataFrame:
    """Return a row per experiment, detector, weight and convention (C53, table 4)."""
    return _wide(image_level.assign(level="image"), experiments, IMAGE_METRICS)


def of_design(
    cell_level: pd.DataFrame, image_level: pd.DataFrame, members: Sequence[Member]
) -> pd.DataFrame:
    """Return the results of a design's experiments, with `base` and `value` of each (C39, C52)."""
    names = [member.experiment for member in members]
    both = pd.concat([cells_of(cell_level, names), images_of(image_level, names)])
    about = pd.DataFrame(
        {
            "experiment": names,
            "base": [m.base for m in members],
            "value": [m.value for m in members],
        }
    )
    return about.merge(both, on="experiment")


def with_cost(summary: pd.DataFrame, classifiers: pd.DataFrame) -> pd.DataFrame:
    """Return the summary with backbone, parameters and mean training time of each classifier."""
    cost = classifiers.groupby("experiment", as_index=False).agg(
        backbone=("backbone", "first"),
        input=("input", "first"),
        n_parameters=("n_parameters", "first"),
        training_seconds=("training_seconds", "mean"),
    )
    return summary.merge(cost, on="experiment", how="left")


def _wide(metrics: pd.DataFrame, experiments: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Return the means over seeds with a column for each metric, and for its deviation."""
    seeds = metrics[metrics["seed"] != "mean"].groupby("experiment")["seed"].nunique()
    mean = metrics[(metrics["seed"] == "mean") & metrics["metric"].isin(names)]
    rows = []
    for name in experiments:
        for setting, part in mean[mean["experiment"] == name].groupby(SETTING, sort=False):
            row = dict(zip(SETTING, setting, strict=True)) | {"n_seeds": int(seeds[name])}
            for metric, value, sd in zip(part["metric"], part["value"], part["sd"], strict=True):
                row |= {metric: value, f"{metric}_sd": sd}
            rows.append(row)
    return pd.DataFrame(rows) if rows else TARGET_SUMMARY.empty()
