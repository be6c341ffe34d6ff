"""What a simulation planted, next to what the workflow measured in the same fields."""

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.statistics.frequencies import members
from cellpheno.statistics.t_tests import quantile
from cellpheno.tables.statistics import PLANTED_FREQUENCIES, PLANTED_VIABILITY

ALL = "all"


def of_viability(
    viability: pd.DataFrame,
    planted: Mapping[str, Mapping[str, float]],
    truth: pd.DataFrame,
    fields: pd.DataFrame,
    live: str,
) -> pd.DataFrame:
    """Compare planted, simulated and measured viability of each condition and time.

    Parameters
    ----------
    viability
        tables.VIABILITY.
    planted
        Condition: time: chance of a cell to be alive.
    truth
        tables.TRUTH: every cell.
    fields
        Field, condition and time of the fields that were measured.
    live
        Class of living cells.

    Returns
    -------
    DataFrame
        tables.PLANTED_VIABILITY. Of all times together, what is planted is the mean over fields.
        `simulated` is the share of live cells in the very fields, which chance takes away from
        what was planted.
    """
    expected = fields.assign(
        planted=[planted[row.condition][row.time] for row in fields.itertuples()]
    ).join(counts(truth, [live]), on="field")
    rows = []
    measured = viability[(viability["level"] == "condition") & (viability["n"] > 0)]
    for row in measured.to_dict("records"):
        part = expected[
            (expected["condition"] == row["condition"])
            & ((expected["time"] == row["time"]) | (row["time"] == ALL))
        ]
        mean = float(part["planted"].mean())
        rows.append(
            {
                **{key: row[key] for key in ("condition", "time", "source")},
                "planted": mean,
                "simulated": float(part["n_true"].sum() / part["n_simulated"].sum()),
                **{key: row[key] for key in ("viability", "ci_low", "ci_high", "n_units")},
                "recovered": bool(row["ci_low"] <= mean <= row["ci_high"]),
            }
        )
    return pd.DataFrame(rows, columns=[column.name for column in PLANTED_VIABILITY.columns])


def of_frequencies(
    frequencies: pd.DataFrame,
    planted: Mapping[str, Mapping[str, float]],
    truth: pd.DataFrame,
    classes: Collection[str],
    groups: Mapping[str, Collection[str]],
    excluded: Collection[str],
    negative_class: str,
) -> pd.DataFrame:
    """Compare planted, simulated and called frequency of each condition and class.

    Parameters
    ----------
    frequencies
        tables.FREQUENCIES.
    planted
        Condition: class: chance of a cell to be of it.
    truth
        tables.TRUTH: every cell.
    classes, groups, excluded
        As `frequencies.count` takes them; cells of excluded classes are not counted in the truth
        either.
    negative_class
        Class of what is left when the planted frequencies are taken.

    Returns
    -------
    DataFrame
        tables.PLANTED_FREQUENCIES, in the order of `frequencies`. `simulated` is the frequency in
        the very fields, from which the called one differs by errors of the networks alone.
    """
    counted = members(list(classes), groups, list(excluded))
    rows = []
    for (condition, name), part in frequencies.groupby(["condition", "class"], sort=False):
        chances = {negative_class: max(0.0, 1 - sum(planted[condition].values()))}
        chances |= planted[condition]
        known = {label: chance for label, chance in chances.items() if label not in excluded}
        true = counts(truth, counted[name], excluded).reindex(part["field"], fill_value=0)
        units = part.assign(**true.reset_index(drop=True).set_index(part.index))
        columns = ["n_class", "n_cells", "n_true", "n_simulated"]
        sums = units.groupby("replicate")[columns].sum().to_numpy(np.float64)
        n_class, n_cells, n_true, n_simulated = sums.sum(axis=0)
        ratio, low, high = ratio_over_units(sums)
        rows.append(
            {
                "condition": condition,
                "class": name,
                "planted": sum(known.get(one, 0) for one in counted[name]) / sum(known.values()),
                "simulated": n_true / n_simulated if n_simulated else np.nan,
                "called": n_class / n_cells if n_cells else np.nan,
                "ratio": ratio,
                "ci_low": low,
                "ci_high": high,
                "n_units": len(sums),
            }
        )
    return pd.DataFrame(rows, columns=[column.name for column in PLANTED_FREQUENCIES.columns])


def counts(
    truth: pd.DataFrame, labels: Collection[str], without: Collection[str] = ()
) -> pd.DataFrame:
    """Count the simulated cells of each field, `n_simulated`, and those of some classes, `n_true`.

    Parameters
    ----------
    truth
        tables.TRUTH.
    labels
        The classes.
    without
        Classes whose cells are not counted at all.
    """
    counted = truth[~truth["label"].isin(without)]
    chosen = counted["label"].isin(labels)
    return chosen.groupby(counted["field"]).agg(n_true="sum", n_simulated="size")


def ratio_over_units(sums: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the ratio of two frequencies in the same units, with its 95 % interval.

    The variance of the logarithm is that of its linear part over units (Cochran 1977, section
    6.3), so that what varies between units in both frequencies alike does not widen it.

    Parameters
    ----------
    sums
        [units, 4]: cells of the class and all cells of the first frequency, then of the second.

    Returns
    -------
    tuple
        Ratio, lower and upper end; missing where a frequency is 0 or there is a single unit.
    """
    totals, units = sums.sum(axis=0), len(sums)
    if not (totals[1] and totals[3] and totals[2]):
        return np.nan, np.nan, np.nan
    ratio = float(totals[0] / totals[1] / (totals[2] / totals[3]))
    if units < 2 or not ratio:
        return ratio, np.nan, np.nan
    residuals = (sums / totals) @ np.array([1, -1, -1, 1])
    variance = units / (units - 1) * float(np.square(residuals).sum())
    half = quantile(units - 1) * np.sqrt(variance)
    return ratio, float(ratio * np.exp(-half)), float(ratio * np.exp(half))
