"""Measure classifiers that were trained on some patients on each patient (C41, C42)."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.measuring.intervals import leave_out
from cellpheno.splits.usable_fields import groups
from cellpheno.study.members import ALL, ONE, Member
from cellpheno.tables import storage
from cellpheno.tables import target as target_tables
from cellpheno.target import cell_level
from cellpheno.target import evaluation as image_level

Array = npt.NDArray[np.float64]

UNSEEN = "unseen"
"""All patients together that were not in a classifier's training."""
GROUPS, PATIENTS = "groups", "patients"
"""What an interval counts as independent."""


@dataclasses.dataclass(frozen=True)
class Patients:
    """The patients of a design, and the patient of each field.

    `validate_only` says by experiment whether threshold and weight are chosen only on the training
    patients' fields of val, instead of those of all patients (C42).
    """

    of_field: pd.Series
    names: Sequence[str]
    validate_only: Mapping[str, bool]

    def learnt_from(self, value: str) -> list[str]:
        """Return the patients of a member's training from its value in the design."""
        if value == ALL:
            return list(self.names)
        kind, _, name = value.partition(" ")
        return [name] if kind == ONE else [other for other in self.names if other != name]

    def fields(self, names: Sequence[str]) -> set[str]:
        """Return the fields of some patients."""
        return set(self.of_field.index[self.of_field.isin(list(names))])


def evaluate(
    runs: image_level.Runs,
    members: Sequence[Member],
    patients: Patients,
    splits: pd.DataFrame,
    detectors: Mapping[str, Sequence[str]],
    task: image_level.Task,
) -> pd.DataFrame:
    """Measure every classifier of the design on the reported fields of each patient.

    `runs` maps experiment and seed to tables.JUDGED_BOXES, `detectors` experiments to the detectors
    whose boxes they judge; the first one counts, and without any only cells are measured. The
    classifier's weight is that of `task.calls`, which may be learnt on val.

    Returns tables.target.PATIENTS: of every patient, and of all unseen ones together. Intervals
    are over groups (`splits.by`); for several patients also over patients, which allows statements
    about further patients.
    """
    frames = [target_tables.PATIENTS.empty()]
    group_of = groups(splits)
    fields = {s: set(splits.loc[splits["split"] == s, "field"]) for s in ("val", task.report_on)}
    for member in members:
        learnt = patients.learnt_from(member.value)
        val = fields["val"]
        if patients.validate_only[member.experiment]:
            val = val & patients.fields(learnt)
        unseen = [name for name in patients.names if name not in learnt]
        tested = {name: [name] for name in patients.names}
        if len(unseen) > 1:
            tested[UNSEEN] = unseen
        of_seed = {seed: run for (name, seed), run in runs.items() if name == member.experiment}
        for name, group in tested.items():
            reported = sorted(fields[task.report_on] & patients.fields(group))
            if not reported:
                continue
            about: dict[str, Any] = {
                "base": member.base,
                "trained_on": member.value,
                "tested_on": name,
                "seen": name in learnt,
            }
            for unit in (GROUPS, PATIENTS) if len(group) > 1 else (GROUPS,):
                of = group_of if unit == GROUPS else patients.of_field
                rows = _measure(
                    of_seed, sorted(val), reported, detectors.get(member.experiment, ())[:1],
                    task, leave_out(of[reported]),
                )  # fmt: skip
                counted: dict[str, Any] = {"unit": unit, "n_fields": len(reported)}
                frames.append(pd.DataFrame(rows).assign(**about, **counted))
    return storage.concatenate(frames, target_tables.PATIENTS)


def _measure(
    of_seed: Mapping[str, pd.DataFrame],
    val: list[str],
    reported: list[str],
    detectors: Sequence[str],
    task: image_level.Task,
    without: Array,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one classifier for one set of fields."""
    drawn: dict[tuple[str, str, str], dict[str, Array]] = {}
    for seed, run in of_seed.items():
        cells = run[run["source"] == "annotated"]
        on_val = cells[(cells["split"] == "val") & cells["field"].isin(val)]
        here = cells[(cells["split"] == task.report_on) & cells["field"].isin(reported)]
        position = np.searchsorted(reported, here["field"].to_numpy(dtype=str))
        found = cell_level.values(here, on_val, str(task.calls.target), without[:, position])
        for key, numbers in found.items():
            drawn.setdefault(("cell", *key), {})[seed] = numbers
        for detector in detectors:
            validated, tested = (
                image_level.scene(run, detector, split, task.calls, names)
                for split, names in (("val", val), (task.report_on, reported))
            )
            weight = task.calls.classifier_weight
            if weight == image_level.LEARNT:
                weight, _ = image_level.learn_weight(validated, task.calls)
            found = image_level.values(validated, tested, float(weight), task, without)
            for key, numbers in found.items():
                drawn.setdefault(("image", *key), {})[seed] = numbers
    for (level, convention, metric), seeds in drawn.items():
        for row in image_level.with_mean(seeds):
            yield {"level": level, "convention": convention, "metric": metric, **row}
