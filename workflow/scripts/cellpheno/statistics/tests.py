"""Two-tailed t-tests of every condition against control, with effect size and interval (A51)."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from cellpheno.errors import StudyError
from cellpheno.statistics.frequencies import per_unit

ALPHA = 0.05

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One condition held against control; what cannot be computed is NaN."""

    estimate: float = np.nan
    """Difference of means, condition minus control."""
    ci_low: float = np.nan
    ci_high: float = np.nan
    effect_size: float = np.nan
    """Hedges' g, of the sign of the estimate."""
    statistic: float = np.nan
    p: float = np.nan


def compare(
    control: npt.NDArray[np.float64], condition: npt.NDArray[np.float64], test: str
) -> Comparison:
    """Hold one condition against control by a two-tailed t-test.

    Parameters
    ----------
    control, condition
        One value per independent unit, [n] and [m].
    test
        `welch` (variances may differ) or `student` (pooled variance).

    Returns
    -------
    Comparison
        With fewer than two units on a side, or without any variance, only the difference of
        means is given.
    """
    if not len(control) or not len(condition):
        return Comparison()
    estimate = float(condition.mean() - control.mean())
    varies = np.ptp(control) > 0 or np.ptp(condition) > 0
    if len(control) < 2 or len(condition) < 2 or not varies:
        return Comparison(estimate)
    result = stats.ttest_ind(condition, control, equal_var=test == "student")
    interval = result.confidence_interval(1 - ALPHA)
    return Comparison(
        estimate,
        float(interval.low),
        float(interval.high),
        hedges_g(control, condition),
        float(result.statistic),
        float(result.pvalue),
    )


def hedges_g(control: npt.NDArray[np.float64], condition: npt.NDArray[np.float64]) -> float:
    """Return the difference of means in pooled standard deviations, corrected for small samples.

    The correction is the exact one (Hedges 1981), not its usual approximation.
    """
    freedom = len(control) + len(condition) - 2
    squares = (len(control) - 1) * control.var(ddof=1) + (len(condition) - 1) * condition.var(
        ddof=1
    )
    cohens_d = (condition.mean() - control.mean()) / np.sqrt(squares / freedom)
    correction = np.exp(special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2))
    return float(cohens_d * correction / np.sqrt(freedom / 2))


def adjust(p: npt.NDArray[np.float64], correction: str) -> npt.NDArray[np.float64]:
    """Correct p values for the number of comparisons; missing ones stay missing and do not count.

    Parameters
    ----------
    p
        [n], NaN where there is none.
    correction
        `none`, `holm`, `bonferroni` or `fdr_bh` (Benjamini and Hochberg).
    """
    adjusted = p.copy()
    known = ~np.isnan(p)
    if correction != "none" and known.any():
        adjusted[known] = multipletests(p[known], method=correction)[1]
    return adjusted


def run(
    frequencies: pd.DataFrame, control: str | None, entries: Sequence[Mapping[str, str]]
) -> pd.DataFrame:
    """Test every condition against control, each class and group, in every configured way.

    Parameters
    ----------
    frequencies
        A frequencies table.
    control
        The condition that all others are held against; without one there is nothing to test.
    entries
        Each with `test` (`welch`, `student`), `unit` (`field`, `group`, `replicate`) and
        `correction`; p values are corrected over all comparisons of one entry, that is, all
        conditions times all classes and groups.

    Returns
    -------
    frame
        A tests table, with correction, n_control, n_condition, mean_control, mean_condition and
        a warning in words beside.

    Raises
    ------
    StudyError
        When no field of the control is there.
    """
    conditions = list(frequencies["condition"].unique())
    if control is None:
        logger.warning("statistics.control is null: nothing is tested.")
        return _run_one(frequencies[:0], "", entries[0]).assign(warning="")
    if control not in conditions:
        raise StudyError(
            f"statistics.control is {control!r}, but no usable field of that condition lies in "
            f"statistics.splits (there are: {', '.join(conditions) or 'none'}); name one of them "
            "or look in qc/fields.tsv for why its fields were set aside."
        )
    return pd.concat(
        [_with_warnings(frequencies, control, entry) for entry in entries], ignore_index=True
    )


def _run_one(frequencies: pd.DataFrame, control: str, entry: Mapping[str, str]) -> pd.DataFrame:
    units = per_unit(frequencies, entry["unit"]).dropna(subset="frequency")
    values = {
        key: part.to_numpy() for key, part in units.groupby(["class", "condition"])["frequency"]
    }
    none = np.empty(0)
    rows = []
    for name in frequencies["class"].unique():
        for condition in frequencies["condition"].unique():
            if condition == control:
                continue
            ours, theirs = values.get((name, condition), none), values.get((name, control), none)
            rows.append(
                {"class": name, "condition": condition, "control": control, "test": entry["test"]}
                | {"n_units": len(ours) + len(theirs), "unit": entry["unit"]}
                | dataclasses.asdict(compare(theirs, ours, entry["test"]))
                | {"correction": entry["correction"], "n_control": len(theirs)}
                | {"n_condition": len(ours), "mean_control": _mean(theirs)}
                | {"mean_condition": _mean(ours)}
            )
    columns = ["class", "condition", "control", "test", "n_units", "unit"]
    columns += [field.name for field in dataclasses.fields(Comparison)] + ["correction"]
    columns += ["n_control", "n_condition", "mean_control", "mean_condition"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(
        table.columns.get_loc("p") + 1,
        "p_adjusted",
        adjust(table["p"].to_numpy(dtype=np.float64), entry["correction"]),
    )
    return table


def _mean(values: npt.NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else np.nan


def _with_warnings(
    frequencies: pd.DataFrame, control: str, entry: Mapping[str, str]
) -> pd.DataFrame:
    """Test in one way, and say in words where the result must not be taken at its face value."""
    table = _run_one(frequencies, control, entry)
    sound = table
    if entry["unit"] != "replicate":
        sound = _run_one(frequencies, control, {**entry, "unit": "replicate"})
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
        return f"Not tested: the frequency is the same in all {unit}s."
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
