"""Compare what a simulation planted with what the workflow measured in the same fields."""

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

    `viability` is tables.VIABILITY, `planted` the chance of a cell to be alive by condition and
    time, `truth` (tables.TRUTH) has every cell, `fields` field, condition and time of the measured
    fields. `simulated` is the share of live cells in these fields, which differs from the planted
    one by chance. The planted value of all times together is the mean over fields. Returns
    tables.PLANTED_VIABILITY.
    """
    expected = fields.assign(
        planted=[
            planted[condition][time]
            for condition, time in zip(fields["condition"], fields["time"], strict=True)
        ]
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

    `planted` is the chance of a cell to be of a class, by condition and class; the rest is of the
    negative class. `truth` (tables.TRUTH) has every cell; excluded classes are not counted in it
    either. `simulated` is the frequency in the same fields, from which the called one differs only
    by errors of the networks. Returns tables.PLANTED_FREQUENCIES in the order of `frequencies`.
    """
    counted = members(list(classes), groups, list(excluded))
    rows = []
    for (condition, name), part in frequencies.groupby(["condition", "class"], sort=False):
        of_condition = planted[str(condition)]
        chances = {negative_class: max(0.0, 1 - sum(of_condition.values())), **of_condition}
        known = {label: chance for label, chance in chances.items() if label not in excluded}
        inside = counted[str(name)]
        true = counts(truth, inside, excluded).reindex(part["field"], fill_value=0)
        units = part.assign(**true.reset_index(drop=True).set_index(part.index))
        columns = ["n_class", "n_cells", "n_true", "n_simulated"]
        sums = units.groupby("replicate")[columns].sum().to_numpy(np.float64)
        n_class, n_cells, n_true, n_simulated = sums.sum(axis=0)
        ratio, low, high = ratio_over_units(sums)
        rows.append(
            {
                "condition": condition,
                "class": name,
                "planted": sum(known.get(one, 0.0) for one in counted[str(name)])
                / sum(known.values()),
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
    """Count the simulated cells of each field, `n_simulated`, and those of `labels`, `n_true`.

    Cells of the classes `without` are not counted at all.
    """
    counted = truth[~truth["label"].isin(without)]
    chosen = counted["label"].isin(labels)
    by_field = chosen.groupby(counted["field"])
    return pd.DataFrame({"n_true": by_field.sum(), "n_simulated": by_field.size()})


def ratio_over_units(sums: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the ratio of two frequencies in the same units, with its 95 % interval.

    `sums` [units, 4] are cells of the class and all cells of the first frequency, then of the
    second. The variance of the logarithm is that of its linear part over units (Cochran 1977,
    section 6.3), so variation between units that both share does not widen the interval. Values are
    NaN if a frequency is 0 or there is a single unit.
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
