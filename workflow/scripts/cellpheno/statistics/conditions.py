"""Compare every condition with control, class by class, by every configured test (A51)."""

import functools
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import notices
from cellpheno.measuring import multiple_testing
from cellpheno.statistics import frequencies, measures
from cellpheno.statistics.count_model import blocked_gee, conditional, gee
from cellpheno.statistics.design import INDEPENDENT, PAIRED, choose
from cellpheno.statistics.left_out import Fields
from cellpheno.statistics.t_tests import ALPHA, Comparison, paired_t_test, t_test
from cellpheno.tables.statistics import TESTS

COUNT_MODEL = "gee"
"""The test that needs counts of cells instead of one value per unit."""
CONDITIONAL = "conditional"
"""Next to each paired model for counts: does the result hold if only blocks are looked into?"""
COUNTS = ["n_class", "n_cells"]
COLUMNS = [column.name for column in TESTS.columns if column.name != "note"]

logger = logging.getLogger(__name__)

Values = npt.NDArray[np.float64]

Sample = tuple[Values, npt.NDArray[np.str_]]
"""Values [n, 1 or 3] of the units of one class and condition, and the names of the units."""

Units = Callable[[str], pd.DataFrame]
"""Returns, for the name of a unit, one row per condition, unit and class with its value."""


def of_frequencies(
    table: pd.DataFrame,
    control: str | None,
    entries: Sequence[Mapping[str, str]],
    members: Mapping[str, Sequence[str]],
    named: pd.DataFrame,
    design: str = INDEPENDENT,
) -> pd.DataFrame:
    """Compare the frequencies of each class and group with control; return a tests table.

    `table` is a frequencies table; without a `control` nothing is tested. Each entry has `test`
    (`welch`, `student`, `gee`), `unit` (`field`, `group`, `replicate`) and `correction`; p values
    are corrected over all comparisons of one entry: all conditions times all questions of classes
    and groups (see `multiple_testing.questions`). `members` are the counted classes of each class
    and group. Each condition in `named` (from `fields.named_for_comparison`) has rows, even without
    usable fields. `design` is `paired`, `independent` or `auto` (see `design.choose`); a paired
    `gee` is followed by rows of the test `conditional`.
    """
    counted = set(table.loc[table["n_cells"] > 0, "field"])
    fields = Fields(named, counted, "without a called cell")
    fields.warn(expected=control is not None)
    if not counted and len(named):
        notices.warn(
            "No cell was called in the fields of the experiment, so no condition can be compared."
        )
    units = functools.partial(frequencies.per_unit, table)
    return _run(
        units, "frequency", control, entries, multiple_testing.questions(members), fields, design
    )


def of_numbers(
    table: pd.DataFrame,
    control: str | None,
    entries: Sequence[Mapping[str, str]],
    named: pd.DataFrame,
    design: str = INDEPENDENT,
) -> pd.DataFrame:
    """Compare the number of cells per field with control, where all cells are of one class.

    Works like `of_frequencies`, but a field without a cell counts as 0 and no `gee` is possible.
    """
    fields = Fields(named, set(table["field"]), "not counted")
    fields.warn(expected=control is not None)
    units = functools.partial(measures.per_unit, measures.of_numbers(table))
    asked = {name: name for name in table["class"].unique()}
    return _run(units, "value", control, entries, asked, fields, design)


def of_measures(
    table: pd.DataFrame,
    control: str | None,
    entries: Sequence[Mapping[str, str]],
    named: pd.DataFrame,
    design: str = INDEPENDENT,
) -> pd.DataFrame:
    """Compare each measure of the annotated objects with control, class by class.

    Works like `of_frequencies`, on a measures table and annotated fields only, without models for
    counts. P values are corrected over all comparisons of one entry and one measure. Returns a
    table of tests of measures.
    """
    entries = [entry for entry in entries if entry["test"] != COUNT_MODEL]
    parts = []
    for (measure, unit), part in table.groupby(["measure", "measure_unit"], sort=False):
        units = functools.partial(measures.per_unit, part)
        asked = {name: name for name in part["class"].unique()}
        measured = set(part.loc[part["value"].notna(), "field"])
        fields = Fields(named, measured, f"without a known {measure}")
        fields.warn(expected=control is not None)
        found = _run(units, "value", control, entries, asked, fields, design)
        parts.append(found.assign(measure=str(measure), measure_unit=str(unit)))
    return pd.concat(parts, ignore_index=True)


def _run(
    units: Units,
    value: str,
    control: str | None,
    entries: Sequence[Mapping[str, str]],
    asked: Mapping[str, Hashable],
    fields: Fields,
    design: str,
) -> pd.DataFrame:
    """Run all configured tests; `value` names the compared column of the units."""
    entries = [{**entry, "design": design} for entry in entries]
    if control is None:
        logger.info("statistics.control is null, so nothing is tested.")
        return run_one(units(entries[0]["unit"]), value, "", entries[0], asked, []).assign(note="")
    _warn_of_too_few(units, value, [control, *fields.conditions], entries, fields)
    tested = []
    for entry in entries:
        tested.append(_with_notes(units, value, control, entry, asked, fields))
        blocked = tested[-1].loc[tested[-1]["design"] == PAIRED, "condition"]
        if entry["test"] == COUNT_MODEL and len(blocked):
            within = {**entry, "test": CONDITIONAL, "design": PAIRED}
            some = list(blocked.unique())
            tested.append(_with_notes(units, value, control, within, asked, fields, some))
    found = pd.concat(tested, ignore_index=True)
    lossy = found[(found["design"] == PAIRED) & found["reason"].str.contains("left out")]
    for condition, reason in sorted(set(zip(lossy["condition"], lossy["reason"], strict=True))):
        notices.warn(f"{condition} is compared with {control} in pairs: {reason}.")
    return found


def _warn_of_too_few(
    units: Units,
    value: str,
    conditions: Sequence[str],
    entries: Sequence[Mapping[str, str]],
    fields: Fields,
) -> None:
    """Warn of each condition with too few units that have a value."""
    lacking: dict[str, list[str]] = {}
    for unit in dict.fromkeys(entry["unit"] for entry in entries):
        known = units(unit).dropna(subset=value)
        numbers = known.groupby("condition")["unit"].nunique()
        for condition in dict.fromkeys(conditions):
            if numbers.get(condition, 0) < 2:
                lacking.setdefault(condition, []).append(unit)
    for condition, few in lacking.items():
        notices.warn(
            f"The condition {condition} cannot be tested by {' or '.join(few)}, which needs two of "
            f"them with a value ({fields.used(condition)}); its rows have no p (NA)."
        )


def run_one(
    units: pd.DataFrame,
    value: str,
    control: str,
    entry: Mapping[str, str],
    asked: Mapping[str, Hashable],
    conditions: Sequence[str],
) -> pd.DataFrame:
    """Compare every condition with control by one test, without notes.

    `units` has one row per condition, unit and class; rows without `value`, the compared column,
    are no units. `asked` maps each class to its question; every class has rows, and so has every
    condition, even without units. The entry may ask for a `design`.
    """
    known = units.dropna(subset=value)
    columns = [value, *COUNTS] if entry["test"] in (COUNT_MODEL, CONDITIONAL) else [value]
    groups = known.groupby(["class", "condition"]).indices
    numbers, names = known[columns].to_numpy(dtype=np.float64), known["unit"].to_numpy(dtype=str)
    samples = {key: (numbers[rows], names[rows]) for key, rows in groups.items()}
    nothing = (numbers[:0], names[:0])
    rows, questions = [], []
    for name in asked:
        for condition in conditions:
            if condition != control:
                theirs = samples.get((name, control), nothing)
                ours = samples.get((name, condition), nothing)
                about = {"class": name, "condition": condition, "control": control}
                rows.append(about | _row(theirs, ours, entry))
                questions.append((asked[name], condition))
    table = pd.DataFrame(rows, columns=COLUMNS)
    p = table["p"].to_numpy(dtype=np.float64)
    table["p_adjusted"] = multiple_testing.adjust(p, entry["correction"], questions)
    return table


def _row(control: Sample, condition: Sample, entry: Mapping[str, str]) -> dict[str, Any]:
    """Compare two samples in the design of the entry, or in the one that it chooses."""
    (theirs, their_names), (ours, our_names) = control, condition
    asked = entry.get("design", INDEPENDENT)
    design, reason = choose(asked, entry["unit"], their_names, our_names)
    if design == PAIRED:
        _, first, second = np.intersect1d(their_names, our_names, return_indices=True)
        theirs, ours = theirs[first], ours[second]
    return {
        **{key: entry[key] for key in ("test", "unit", "correction")},
        **vars(_compare(theirs, ours, entry["test"], design)),
        **{"n_control": len(theirs), "n_condition": len(ours), "n_units": len(theirs) + len(ours)},
        **{"mean_control": _mean(theirs), "mean_condition": _mean(ours)},
        **{"design": design, "n_blocks": len(ours) if design == PAIRED else 0, "reason": reason},
    }


def _compare(control: Values, condition: Values, test: str, design: str) -> Comparison:
    """Compare samples [n, 1 or 3]: the value and, for a count model, counts."""
    if test == CONDITIONAL:
        return conditional(control[:, 1:], condition[:, 1:])
    if test == COUNT_MODEL:
        compare = blocked_gee if design == PAIRED else gee
        return compare(control[:, 1:], condition[:, 1:])
    if design == PAIRED:
        return paired_t_test(control[:, 0], condition[:, 0])
    return t_test(control[:, 0], condition[:, 0], test)


def _mean(sample: Values) -> float:
    return float(sample[:, 0].mean()) if len(sample) else np.nan


def _with_notes(
    units: Units,
    value: str,
    control: str,
    entry: Mapping[str, str],
    asked: Mapping[str, Hashable],
    fields: Fields,
    some: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Run one test of all or `some` conditions, and note what must not be taken at face value."""
    run = functools.partial(
        run_one, asked=asked, conditions=fields.conditions if some is None else some
    )
    table = run(units(entry["unit"]), value, control, entry)
    sound = table
    if entry["unit"] != "replicate":
        sound = run(units("replicate"), value, control, {**entry, "unit": "replicate"})
    notes = [
        _note(ours, theirs, fields)
        for ours, theirs in zip(table.to_dict("records"), sound.to_dict("records"), strict=True)
    ]
    return table.assign(note=notes)


def _note(row: Mapping[Any, Any], by_replicate: Mapping[Any, Any], fields: Fields) -> str:
    """Return a sentence on a comparison, or nothing; `by_replicate` has replicates as units."""
    unit = row["unit"]
    sides = {row["control"]: row["n_control"], row["condition"]: row["n_condition"]}
    if row["design"] == PAIRED and row["n_blocks"] < 2:
        return f"Not tested: {row['reason']}; a paired test needs two."
    few = [_number(name, n, unit, fields) for name, n in sides.items() if n < 2]
    if few:
        return f"Not tested: {' and '.join(few)}; a test needs two."
    if np.isnan(row["p"]) and row["test"] == CONDITIONAL:
        return "Not tested: the blocks say too little about the odds ratio."
    if np.isnan(row["p"]) and row["design"] == PAIRED:
        return f"Not tested: the difference is the same in all {unit}s."
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


def _number(condition: str, n: int, unit: str, fields: Fields) -> str:
    """Return how many units of a condition have a value, and which of its fields were lost."""
    number = f"{condition} has {n} {unit}{'' if n == 1 else 's'} with a value"
    return number if fields.complete(condition) else f"{number} ({fields.used(condition)})"
