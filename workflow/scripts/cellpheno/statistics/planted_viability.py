"""The viability that a simulation planted, beside what the workflow measured."""

from collections.abc import Mapping

import pandas as pd

from cellpheno.tables import PLANTED_VIABILITY

ALL = "all"


def beside_measured(
    viability: pd.DataFrame,
    planted: Mapping[str, Mapping[str, float]],
    truth: pd.DataFrame,
    fields: pd.DataFrame,
    live: str,
) -> pd.DataFrame:
    """Set planted and simulated viability beside the measured one of each condition and time.

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
    )
    cells = truth.merge(expected, on="field").assign(live=lambda t: t["label"] == live)
    rows = []
    measured = viability[(viability["level"] == "condition") & (viability["n"] > 0)]
    for row in measured.to_dict("records"):
        part, own = (
            table[
                (table["condition"] == row["condition"])
                & ((table["time"] == row["time"]) | (row["time"] == ALL))
            ]
            for table in (expected, cells)
        )
        mean = float(part["planted"].mean())
        rows.append(
            {
                **{key: row[key] for key in ("condition", "time", "source")},
                "planted": mean,
                "simulated": float(own["live"].mean()),
                **{key: row[key] for key in ("viability", "ci_low", "ci_high", "n_units")},
                "recovered": bool(row["ci_low"] <= mean <= row["ci_high"]),
            }
        )
    return pd.DataFrame(rows, columns=[column.name for column in PLANTED_VIABILITY.columns])
