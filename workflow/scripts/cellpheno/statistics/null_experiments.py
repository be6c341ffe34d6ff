"""Measure how often each test finds a difference in experiments that have none."""

import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from cellpheno.core import notices, randomness
from cellpheno.measuring import multiple_testing
from cellpheno.statistics import conditions, frequencies, variance_components
from cellpheno.statistics.design import INDEPENDENT
from cellpheno.statistics.t_tests import ALPHA
from cellpheno.tables.statistics import NULL_EXPERIMENTS, NULL_SCOPES

METHODS = (("student", "field"), ("welch", "replicate"), ("gee", "replicate"))
"""Tests and units that are always tried: the published pair (A51) and two sound ones."""

CORRECTIONS = ("none", "holm")

ONE, WHOLE = NULL_SCOPES

COLUMNS = ("test", "unit", "design", "correction", "scope", "class", "condition")

logger = logging.getLogger(__name__)


def rates(
    table: pd.DataFrame,
    control: str,
    entries: Sequence[Mapping[str, str]],
    members: Mapping[str, Sequence[str]],
    number: int,
    seed: int,
    design: str = INDEPENDENT,
) -> pd.DataFrame:
    """Simulate null experiments like the study's own and count each test's false positives.

    A null experiment has the study's conditions, replicates, fields and cells per field, but the
    same frequencies in all conditions; blocks (replicates of one name), replicates and fields vary
    as much as the study's. The tests and corrections of the configured `entries` are tried in
    addition to `METHODS` and `CORRECTIONS`, all in the configured `design`. `members` are the
    counted classes of each class and group.

    Returns a table of null experiments: for each test and class the rate in a single comparison,
    with the first condition that can be tested, and for each test and correction the rate of
    experiments with any false positive; with 95 % intervals after Wilson (1927).
    """
    methods = list(dict.fromkeys([*METHODS, *((e["test"], e["unit"]) for e in entries)]))
    corrections = list(dict.fromkeys([*CORRECTIONS, *(e["correction"] for e in entries)]))
    asked = multiple_testing.questions(members)
    structure, experiments = simulate(table, members, number, seed)
    rows: list[dict[str, object]] = []
    for experiment in experiments:
        for test, unit in methods:
            entry = {"test": test, "unit": unit, "correction": "none", "design": design}
            units = frequencies.per_unit(experiment, unit)
            there = list(units["condition"].unique())
            found = conditions.run_one(units, "frequency", control, entry, asked, there)
            rows += _decisions(found, asked, corrections)
    if not rows:
        notices.warn(
            "No null experiment could be tested: the conditions have too few units with called "
            "cells; null_experiments.tsv is empty."
        )
        return NULL_EXPERIMENTS.empty()
    decisions = pd.DataFrame(rows, columns=[*COLUMNS, "positive"])
    return _summary(decisions).assign(
        block_correlation=structure.block_correlation,
        replicate_correlation=structure.replicate_correlation,
        field_correlation=structure.field_correlation,
    )


def simulate(
    table: pd.DataFrame, members: Mapping[str, Sequence[str]], number: int, seed: int
) -> tuple[variance_components.Structure, Iterator[pd.DataFrame]]:
    """Return the structure fitted to a frequencies table, and null experiments with its rows."""
    classes = [name for name, counted in members.items() if list(counted) == [name]]
    structure, fields = variance_components.of_table(table, members)
    logger.info(
        "cells of one block are correlated by %.4f, of one replicate by %.4f, of one field by %.4f",
        structure.block_correlation,
        structure.replicate_correlation,
        structure.field_correlation,
    )
    n, replicate, block = (
        fields[key].to_numpy(np.int64) for key in ("n_cells", "replicate_number", "block_number")
    )
    field = pd.Index(fields["field"]).get_indexer(pd.Index(table["field"]))
    counted = np.array([[one in members[name] for one in classes] for name in table["class"]])
    n_cells = table["n_cells"].to_numpy()

    def experiments() -> Iterator[pd.DataFrame]:
        for experiment in range(number):
            rng = randomness.generator(seed, "null experiment", experiment)
            drawn = variance_components.draw(structure, n, replicate, block, rng)
            n_class = (drawn[field] * counted).sum(axis=1)
            frequency = n_class / np.where(n_cells > 0, n_cells, np.nan)
            yield table.assign(n_class=n_class, frequency=frequency)

    return structure, experiments()


def _decisions(
    found: pd.DataFrame, asked: Mapping[str, object], corrections: Sequence[str]
) -> Iterator[dict[str, object]]:
    """Yield one test's decisions in one experiment, unless nothing can be tested."""
    p = found["p"].to_numpy(dtype=np.float64)
    if np.isnan(p).all():
        return
    method = {"test": found["test"].iloc[0], "unit": found["unit"].iloc[0]}
    pairs = list(found[["class", "condition"]].itertuples(index=False, name=None))
    first = pairs[int(np.flatnonzero(~np.isnan(p))[0])][1]
    for (name, condition), design, value in zip(pairs, found["design"], p, strict=True):
        if condition == first and not np.isnan(value):
            method["design"] = design
            about = {"correction": "none", "scope": ONE, "class": name, "condition": condition}
            yield method | about | {"positive": bool(value < ALPHA)}
    questions = [(asked[name], condition) for name, condition in pairs]
    method["design"] = " or ".join(sorted(set(found["design"])))
    for correction in corrections:
        adjusted = multiple_testing.adjust(p, correction, questions)
        about = {"correction": correction, "scope": WHOLE, "class": "all", "condition": "all"}
        yield method | about | {"positive": bool((adjusted < ALPHA).any())}


def _summary(decisions: pd.DataFrame) -> pd.DataFrame:
    groups = decisions.groupby(list(COLUMNS), sort=False)["positive"]
    table = groups.agg(n_experiments="size", n_false_positives="sum").reset_index()
    table["n_false_positives"] = table["n_false_positives"].astype(int)
    table["nominal"] = ALPHA
    table["rate"] = table["n_false_positives"] / table["n_experiments"]
    intervals = [
        stats.binomtest(positives, size).proportion_ci(1 - ALPHA, method="wilson")
        for positives, size in table[["n_false_positives", "n_experiments"]].itertuples(index=False)
    ]
    table["ci_low"] = [float(interval.low) for interval in intervals]
    table["ci_high"] = [float(interval.high) for interval in intervals]
    return table
