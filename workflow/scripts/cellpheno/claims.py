"""Published numbers, and what a run of the workflow has to say to each of them."""

import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from cellpheno import tables
from cellpheno.errors import StudyError

SOURCES = {
    "qc/fields.tsv": tables.QUALITY,
    "annotations/counts.tsv": tables.COUNTS,
    "metrics/detection.tsv": tables.DETECTION_METRICS,
    "metrics/detectors.tsv": tables.DETECTION_METRICS,
    "metrics/classification.tsv": tables.CLASSIFICATION_METRICS,
    "statistics/frequencies.tsv": tables.FREQUENCIES,
    "metrics/cell_level.tsv": tables.CELL_LEVEL,
    "metrics/image_level.tsv": tables.IMAGE_LEVEL,
    "metrics/patients.tsv": tables.PATIENTS,
    "labels/mixture.tsv": tables.MIXTURE,
    "metrics/two_classes.tsv": tables.TWO_CLASSES,
    "patch_filter/metrics.tsv": tables.FILTER_METRICS,
}
"""The tables of a study that may answer a claim, and of which kind they are."""

SUMMARIES: dict[str, Callable[[pd.Series], float]] = {
    "rows": len,
    "sum": pd.Series.sum,
    "median": pd.Series.median,
    "smallest": pd.Series.min,
}
"""What becomes of several rows, beside `value`: the only row, with its interval."""

APPROXIMATE = 0.1
"""How far an approximate number may be off, as a share of it."""


def compare(
    claims: pd.DataFrame,
    answers: Mapping[str, pd.DataFrame],
    study: str,
    run: str,
    simulated: bool,
) -> pd.DataFrame:
    """Set ours beside every published number.

    Parameters
    ----------
    claims
        The claims table. Its columns table, where, column and summary say which number of a run
        answers a claim; shares, which our tables give as fractions, are compared in per cent
        where the claim is.
    answers
        Tables of the run, by their path below the study's results.
    study
        The published study whose claims the run can answer; all others are `not run`.
    run
        Name of the run.
    simulated
        Whether its images are simulated: then nothing it finds reproduces anything.

    Returns
    -------
    frame
        A table of compared claims: a row for every claim, in their order.
    """
    rows = []
    for claim in claims.to_dict("records"):
        table = answers.get(claim["table"]) if claim["study"] == study else None
        ours = (np.nan,) * 3 if table is None else answer(claim, table)
        judged = "not run" if np.isnan(ours[0]) else verdict(claim, ours)
        if simulated and judged != "not run":
            judged = "not comparable (simulated)"
        numbers = dict(zip(("ours", "ci_low", "ci_high"), ours, strict=True))
        rows.append(numbers | {"verdict": judged, "run": "" if judged == "not run" else run})
    shown = claims.drop(columns=["table", "where", "column", "summary"])
    return pd.concat([shown.rename(columns={"value": "published"}), pd.DataFrame(rows)], axis=1)


def answer(claim: Mapping[str, str], table: pd.DataFrame) -> tuple[float, float, float]:
    """Return our number and the ends of its interval, missing where the table has none.

    Raises
    ------
    StudyError
        When several rows fit a claim that asks for a single value.
    """
    chosen = np.ones(len(table), dtype=bool)
    for condition in filter(None, claim["where"].split(";")):
        column, _, allowed = condition.partition("=")
        chosen &= table[column].astype(str).isin(allowed.split("|")).to_numpy()
    rows = table[chosen]
    if rows.empty:
        return np.nan, np.nan, np.nan
    scale = 100.0 if claim["unit"] == "percent" else 1.0
    if claim["summary"] != "value":
        return scale * float(SUMMARIES[claim["summary"]](rows[claim["column"]])), np.nan, np.nan
    if len(rows) > 1:
        raise StudyError(
            f"The claim {claim['claim_id']} fits {len(rows)} rows of {claim['table']}; make its "
            "`where` in resources/claims.tsv name one, or choose a summary."
        )
    columns = [claim["column"]]
    columns += ["ci_low", "ci_high"] if claim["column"] == "value" else []
    numbers = [scale * float(rows[column].iloc[0]) for column in columns]
    return numbers[0], *(numbers[1:] or (np.nan, np.nan))


def verdict(claim: Mapping[str, str], ours: tuple[float, float, float]) -> str:
    """Return `reproduced` or `differs`.

    Reproduced is a number whose 95 % interval, or itself where it has none, meets the published
    interval. Of a bound (`gt`, `ge`, `lt`, `le`) our number itself must keep to it.
    """
    value, *ends = ours
    low, high = published_interval(claim)
    if claim["bound"] in ("gt", "ge", "lt", "le") or np.isnan(ends).any():
        ends = [value, value]
    return "reproduced" if ends[0] <= high and ends[1] >= low else "differs"


def published_interval(claim: Mapping[str, str]) -> tuple[float, float]:
    """Return from where to where a published number reaches.

    A printed interval as it is; two printed standard deviations to either side; a tenth to either
    side of what is called approximate; without end where it is a bound. What was lost by rounding
    to the printed digits comes on top.
    """
    number, bound = float(claim["value"]), claim["bound"]
    decimals = len(claim["value"].partition(".")[2])
    rounding = 0.5 * 10.0**-decimals * (1 + 1e-9)  # its end belongs to it
    printed = re.fullmatch(r"(.+)\.\.(.+)", claim["spread"])
    if printed:
        return float(printed[1]), float(printed[2])
    if bound in ("gt", "ge"):
        return number, np.inf
    if bound in ("lt", "le"):
        return -np.inf, number
    half = 2 * float(claim["spread"]) if claim["spread"] else 0.0
    if bound == "approx":
        half = APPROXIMATE * abs(number)
    return number - half - rounding, number + half + rounding
