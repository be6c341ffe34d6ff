"""Every condition held against control, class by class, in every configured way (A51)."""

import dataclasses
import functools
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.errors import StudyError
from cellpheno.statistics import families, frequencies, measures
from cellpheno.statistics.count_model import gee
from cellpheno.statistics.tests import ALPHA, Comparison, t_test

COUNT_MODEL = "gee"
"""The test that needs counts of cells, not only one value per unit."""
COUNTS = ["n_class", "n_cells"]

logger = logging.getLogger(__name__)

Values = npt.NDArray[np.float64]

Units = Callable[[str], pd.DataFrame]
"""Gives, for the name of a unit, one row per condition, unit and class with its value."""


def of_frequencies(
    table: pd.DataFrame,
    control: str | None,
    entries: Sequence[Mapping[str, str]],
    members: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Hold the frequencies of each class and group against control.

    Parameters
    ----------
    table
        A frequencies table.
    control
        The condition that all others are held against; without one there is nothing to test.
    entries
        Each with `test` (`welch`, `student`, `gee`), `unit` (`field`, `group`, `replicate`) and
        `correction`; p values are corrected over all comparisons of one entry: all conditions
        times all questions that classes and groups ask (see `families.questions`).
    members
        The counted classes behind each class and group.

    Returns
    -------
    frame
        A tests table.

    Raises
    ------
    StudyError
        When no field of the control is there.
    """
    units = functools.partial(frequencies.per_unit, table)
    asked = families.questions(members)
    return _run(units, "frequency", control, entries, asked)


def of_measures(
    table: pd.DataFrame, control: str | None, entries: Sequence[Mapping[str, str]]
) -> pd.DataFrame:
    """Hold each measure of the annotated objects against control, class by class.

    Parameters
    ----------
    table
        A measures table.
    control, entries
        As for frequencies; entries whose test is a model for counts do not apply. P values are
        corrected over all comparisons of one entry and one measure.

    Returns
    -------
    frame
        A table of tests of measures.

    Raises
    ------
    StudyError
        When no field of the control is there.
    """
    entries = [entry for entry in entries if entry["test"] != COUNT_MODEL]
    parts = []
    for (measure, unit), part in table.groupby(["measure", "measure_unit"], sort=False):
        units = functools.partial(measures.per_unit, part)
        asked = {name: name for name in part["class"].unique()}
        found = _run(units, "value", control, entries, asked)
        parts.append(found.assign(measure=measure, measure_unit=unit))
    return pd.concat(parts, ignore_index=True)


def _run(
    units: Units,
    value: str,
    control: str | None,
    entries: Sequence[Mapping[str, str]],
    asked: Mapping[str, Hashable],
) -> pd.DataFrame:
    """Test in every configured way; `value` names the column of the units that is compared."""
    if control is None:
        logger.warning("statistics.control is null: nothing is tested.")
        nothing = units(entries[0]["unit"])[:0]
        return run_one(nothing, value, "", entries[0], asked).assign(warning="")
    conditions = list(units(entries[0]["unit"])["condition"].unique())
    if control not in conditions:
        raise StudyError(
            f"statistics.control is {control!r}, but no usable field of that condition lies in "
            f"statistics.splits (there are: {', '.join(conditions) or 'none'}); name one of them "
            "or look in qc/fields.tsv for why its fields were set aside."
        )
    return pd.concat(
        [_with_warnings(units, value, control, entry, asked) for entry in entries],
        ignore_index=True,
    )


def run_one(
    units: pd.DataFrame,
    value: str,
    control: str,
    entry: Mapping[str, str],
    asked: Mapping[str, Hashable],
) -> pd.DataFrame:
    """Hold every condition against control in one way, without warnings.

    Parameters
    ----------
    units
        One row per condition, unit and class.
    value
        The column that is compared; rows where it is missing are no units.
    control
        The condition that all others are held against.
    entry
        Test, unit and correction.
    asked
        The question that each class asks.
    """
    known = units.dropna(subset=value)
    columns = [value, *COUNTS] if entry["test"] == COUNT_MODEL else [value]
    groups = known.groupby(["class", "condition"]).indices
    numbers = known[columns].to_numpy(dtype=np.float64)
    samples = {key: numbers[rows] for key, rows in groups.items()}
    rows, questions = [], []
    for name in units["class"].unique():
        for condition in units["condition"].unique():
            if condition == control:
                continue
            ours = samples.get((name, condition), numbers[:0])
            theirs = samples.get((name, control), numbers[:0])
            questions.append((asked[name], condition))
            rows.append(
                {"class": name, "condition": condition, "control": control, "test": entry["test"]}
                | {"n_units": len(ours) + len(theirs), "unit": entry["unit"]}
                | vars(_compare(theirs, ours, entry["test"]))
                | {"correction": entry["correction"], "n_control": len(theirs)}
                | {"n_condition": len(ours), "mean_control": _mean(theirs)}
                | {"mean_condition": _mean(ours)}
            )
    columns = ["class", "condition", "control", "test", "n_units", "unit"]
    columns += [field.name for field in dataclasses.fields(Comparison)] + ["correction"]
    columns += ["n_control", "n_condition", "mean_control", "mean_condition"]
    table = pd.DataFrame(rows, columns=columns)
    p = table["p"].to_numpy(dtype=np.float64)
    adjusted = families.adjust(p, entry["correction"], questions)
    table.insert(table.columns.get_loc("p") + 1, "p_adjusted", adjusted)
    return table


def _compare(control: Values, condition: Values, test: str) -> Comparison:
    """Hold samples [n, 1 or 3] against each other: the value and, for a count model, counts."""
    if test == COUNT_MODEL:
        return gee(control[:, 1:], condition[:, 1:])
    return t_test(control[:, 0], condition[:, 0], test)


def _mean(sample: Values) -> float:
    return float(sample[:, 0].mean()) if len(sample) else np.nan


def _with_warnings(
    units: Units,
    value: str,
    control: str,
    entry: Mapping[str, str],
    asked: Mapping[str, Hashable],
) -> pd.DataFrame:
    """Test in one way, and say in words where the result must not be taken at its face value."""
    table = run_one(units(entry["unit"]), value, control, entry, asked)
    sound = table
    if entry["unit"] != "replicate":
        sound = run_one(units("replicate"), value, control, {**entry, "unit": "replicate"}, asked)
    warnings = [
        _warning(ours, theirs)
        for ours, theirs in zip(table.to_dict("records"), sound.to_dict("records"), strict=True)
    ]
    return table.assign(warning=warnings)


def _warning(row: Mapping[str, object], by_replicate: Mapping[str, object]) -> str:
    """Return one sentence on a comparison, empty when there is nothing to say.

    Parameters
    ----------
    row
        The comparison.
    by_replicate
        The same with replicates as units.
    """
    unit = row["unit"]
    if min(row["n_control"], row["n_condition"]) < 2:
        return f"Not tested: a condition has fewer than two {unit}s."
    if np.isnan(row["p"]):
        return f"Not tested: the value is the same in all {unit}s."
    if row["n_units"] == by_replicate["n_units"]:
        return ""
    nested = f"The {unit}s of one replicate are not independent"
    if min(by_replicate["n_control"], by_replicate["n_condition"]) < 2:
        return f"{nested}, and there are too few replicates to test with them as units."
    if row["p_adjusted"] < ALPHA and not by_replicate["p_adjusted"] < ALPHA:
        p = by_replicate["p_adjusted"]
        found = "cannot be tested" if np.isnan(p) else f"is not significant (p = {p:.3g})"
        return f"{nested}: with replicates as units the difference {found}."
    return f"{nested}, so this p value overstates the evidence."
