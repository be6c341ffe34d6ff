"""Estimate which differences of frequencies a study can find, and what half of them would take."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special

from cellpheno.measuring import multiple_testing
from cellpheno.statistics import frequencies, variance_components
from cellpheno.statistics.design import PAIRED, choose
from cellpheno.statistics.t_tests import ALPHA
from cellpheno.statistics.variance_components import Structure
from cellpheno.tables.statistics import POWER

WANTED = 0.8
"""Chance to find a difference that is there."""
MOST = 1000
"""Replicates beyond which the number needed is not looked for."""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Two conditions that are compared by replicates: control first, then the condition.

    `between` and `within` [2] are parts of the variance of a replicate's frequency, in units of
    that of a single cell: what more fields cannot lower, and what they do. `shared` is the
    covariance of two replicates of one block. `replicates` [2] are numbers; pairs have equal ones.
    """

    between: tuple[float, float]
    within: tuple[float, float]
    shared: float
    replicates: tuple[int, int]
    paired: bool

    def variances(self, shares: Sequence[float], fields: float = 1.0) -> npt.NDArray[np.float64]:
        """Return the variances whose sum is that of the difference, with `fields` times as many."""
        cell = np.array([share * (1 - share) for share in shares])
        of_unit = cell * (np.array(self.between) + np.array(self.within) / fields)
        if self.paired:
            of_unit = of_unit.sum(keepdims=True) - 2 * self.shared * np.sqrt(cell.prod())
        return np.maximum(0, of_unit) / np.array(self.replicates)[: len(of_unit)]

    def detectable(self, shares: Sequence[float], level: float, fields: float = 1.0) -> float:
        """Return the difference that would be found with the wanted power at such shares."""
        variances = self.variances(shares, fields)
        degrees = np.array(self.replicates)[: len(variances)] - 1
        total = float(variances.sum())
        # Satterthwaite's, with the expected squares of estimated variances; a test has no others
        extra = 2 * variances**2 / degrees
        below = float(((variances**2 + extra) / degrees).sum())
        freedom = (total**2 + float(extra.sum())) / below if below else 1.0
        return noncentrality(freedom, level) * math.sqrt(total)


def noncentrality(freedom: float, level: float) -> float:
    """Return by how many standard errors a t-test finds a difference with the wanted power."""
    limit = float(special.stdtrit(freedom, 1 - level / 2))
    # the other tail is too rare to matter at this power
    missed = lambda shift: float(special.nctdtr(freedom, shift, limit)) - (1 - WANTED)  # noqa: E731
    return float(optimize.brentq(missed, 0, 5 * limit + 5))


def smallest(share: float, experiment: Experiment, level: float, end: float) -> float:
    """Return the smallest found difference from a control's `share` towards `end`, 0 or 1.

    It is missing if not even `end` itself would be found.
    """
    direction = 1 if end > share else -1

    def lacking(size: float) -> float:
        other = share + direction * size
        return size - experiment.detectable([share, other], level)

    room = abs(end - share)
    if not room or lacking(room) < 0:
        return math.nan
    return float(optimize.brentq(lacking, 0, room)) if lacking(0) < 0 else 0.0


def replicates_for(share: float, difference: float, experiment: Experiment, level: float) -> float:
    """Return the replicates of each condition that a difference takes; missing if too many."""
    for number in range(2, MOST + 1):
        larger = dataclasses.replace(experiment, replicates=(number, number))
        if larger.detectable([share, share + difference], level) <= difference:
            return number
    return math.nan


def fields_for(share: float, difference: float, experiment: Experiment, level: float) -> float:
    """Return how many times as many fields a difference takes; missing if none suffice."""

    def lacking(logarithm: float) -> float:
        shares = [share, share + difference]
        return difference - experiment.detectable(shares, level, math.exp(logarithm))

    if lacking(math.log(MOST)) < 0:
        return math.nan
    return 1.0 if lacking(0) >= 0 else math.exp(optimize.brentq(lacking, 0, math.log(MOST)))


def estimate(
    table: pd.DataFrame,
    control: str,
    members: Mapping[str, Sequence[str]],
    correction: str,
    design: str,
) -> pd.DataFrame:
    """Estimate the power of tests of replicates, for each class and condition; return tables.POWER.

    `table` is a frequencies table, `members` are the counted classes of each class and group,
    `design` is that of `design.choose`. The variances are those that null experiments draw from.
    With a `correction` there are rows for the level of its first step, too: the nominal one, by the
    number of questions and conditions.
    """
    structure, fields = variance_components.of_table(table, members)
    fields = fields[fields["n_cells"] > 0]
    conditions = [name for name in fields["condition"].unique() if name != control]
    asked = multiple_testing.questions(members)
    levels = {"none": ALPHA}
    if correction != "none":
        levels[correction] = ALPHA / max(1, len(set(asked.values())) * len(conditions))
    units = frequencies.per_unit(table, "replicate").dropna(subset="frequency")
    means = units[units["condition"] == control].groupby("class")["frequency"].mean()
    rows = []
    for condition in conditions:
        sides = [fields[fields["condition"] == name] for name in (control, condition)]
        experiment, about = _experiment(structure, sides, design)
        about |= {"condition": condition, "control": control}
        for name in asked:
            share = float(means.get(name, np.nan))
            for how, level in levels.items():
                about |= {"class": name, "correction": how, "level": level, "frequency": share}
                rows.append(about | _needs(share, experiment, level, about["fields"]))
    columns = [column.name for column in POWER.columns]
    return pd.DataFrame(rows, columns=columns).assign(
        **{f"{part}_correlation": getattr(structure, f"{part}_correlation") for part in PARTS}
    )[columns]


PARTS = ("block", "replicate", "field")


def _experiment(
    structure: Structure, sides: Sequence[pd.DataFrame], design: str
) -> tuple[Experiment, dict[str, Any]]:
    """Return the experiment of a control's and a condition's fields, and its row's numbers."""
    names = [set(side["replicate"]) for side in sides]
    chosen, _ = choose(design, "replicate", *names)
    if chosen == PAIRED:
        both = names[0] & names[1]
        sides = [side[side["replicate"].isin(both)] for side in sides]
    numbers = [side["replicate"].nunique() for side in sides]
    within = [_within(structure, side) for side in sides]
    experiment = Experiment(
        (structure.replicate_correlation, structure.replicate_correlation),
        (within[0], within[1]),
        structure.block_correlation if chosen == PAIRED else 0.0,
        (numbers[0], numbers[1]),
        chosen == PAIRED,
    )
    together = pd.concat(sides)
    return experiment, {
        **{"design": chosen, "n_control": numbers[0], "n_condition": numbers[1]},
        "fields": len(together) / max(1, sum(numbers)),
        "cells": float(together["n_cells"].mean()) if len(together) else np.nan,
    }


def _within(structure: Structure, fields: pd.DataFrame) -> float:
    """Return the variance of a replicate's frequency from its fields and cells, over replicates."""
    of_fields = structure.field_correlation - structure.replicate_correlation
    n_cells = fields.groupby("replicate")["n_cells"]
    total = n_cells.sum()
    squares = (fields["n_cells"] ** 2).groupby(fields["replicate"]).sum()
    parts = of_fields * squares / total**2 + (1 - structure.field_correlation) / total
    return float(parts.mean())


def _needs(share: float, experiment: Experiment, level: float, fields: float) -> dict[str, float]:
    """Return the smallest rise and fall, and what half of the rise takes."""
    names = ("smallest_rise", "smallest_fall", "replicates_for_half", "fields_for_half")
    if min(experiment.replicates) < 2 or math.isnan(share):
        return dict.fromkeys(names, math.nan)
    rise = smallest(share, experiment, level, 1.0)
    fall = smallest(share, experiment, level, 0.0)
    if math.isnan(rise):
        return dict(zip(names, (rise, fall, math.nan, math.nan), strict=True))
    replicates = replicates_for(share, rise / 2, experiment, level)
    more = fields_for(share, rise / 2, experiment, level)
    needed = math.nan if math.isnan(more) else float(math.ceil(fields * more))
    return dict(zip(names, (rise, fall, replicates, needed), strict=True))
