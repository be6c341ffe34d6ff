"""Compare published numbers with those of a run of the workflow."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.statistics.t_tests import quantile
from cellpheno.tables.annotations import COUNTS
from cellpheno.tables.cells import CLASSIFIERS
from cellpheno.tables.labels import MIXTURE
from cellpheno.tables.metrics import CLASSIFICATION_METRICS, DETECTION_METRICS
from cellpheno.tables.patch_filter import FILTER_METRICS
from cellpheno.tables.quality import QUALITY
from cellpheno.tables.statistics import FREQUENCIES
from cellpheno.tables.target import CELL_LEVEL, IMAGE_LEVEL, PATIENTS
from cellpheno.tables.two_classes import TWO_CLASSES

SOURCES = {
    "qc/fields.tsv": QUALITY,
    "annotations/counts.tsv": COUNTS,
    "metrics/detection.tsv": DETECTION_METRICS,
    "metrics/detectors.tsv": DETECTION_METRICS,
    "metrics/classification.tsv": CLASSIFICATION_METRICS,
    "statistics/frequencies.tsv": FREQUENCIES,
    "metrics/cell_level.tsv": CELL_LEVEL,
    "metrics/image_level.tsv": IMAGE_LEVEL,
    "metrics/patients.tsv": PATIENTS,
    "labels/mixture.tsv": MIXTURE,
    "metrics/two_classes.tsv": TWO_CLASSES,
    "benchmarks/classifiers.tsv": CLASSIFIERS,
    "patch_filter/metrics.tsv": FILTER_METRICS,
}
"""Tables of a study that may answer a claim, and their kinds."""

SUMMARIES: dict[str, Callable[[pd.Series], float]] = {
    "rows": len,
    "distinct": pd.Series.nunique,
    "sum": pd.Series.sum,
    "median": pd.Series.median,
}
"""How several rows become one number."""

CHOICES: dict[str, Callable[[pd.Series], object]] = {
    "smallest": pd.Series.idxmin,
    "largest": pd.Series.idxmax,
}
"""How one of several rows is chosen, with its interval; `value` expects a single row."""

SCALES = {"percent": 100.0, "million": 1e-6}
"""Factors of our numbers for claims with these units."""

ESTIMATES = ("value", "p")
"""Columns with estimates; all others have counts and sizes, which are exact."""

MARGINS = {"percent": 2.0, "fraction": 0.02}
"""Largest difference to a published share without a printed spread, by its unit.

The project chose these, no paper did (docs/statistics.md).
"""

APPROXIMATE = 0.1
"""Largest error of an approximate number, as a share of it."""

RUNS = 3
"""Assumed number of trainings for a printed standard deviation without one."""


def compare(
    claims: pd.DataFrame,
    answers: Mapping[str, pd.DataFrame],
    study: str,
    run: str,
    simulated: bool,
) -> pd.DataFrame:
    """Compare our number with every published one.

    The claims' columns table, where, column and summary say which number of a run answers a claim;
    shares become per cent if the claim is. `answers` are tables of the run by their path in the
    study's results. Only claims of the published study `study` are answered; all others are `not
    run`. If the run's images are simulated, it cannot reproduce anything.

    Returns a table of compared claims: a row for every claim, in order.
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


def answer(claim: Mapping[Any, str], table: pd.DataFrame) -> tuple[float, float, float]:
    """Return our number and the ends of its interval, NaN if missing.

    Raises StudyError when several rows fit a claim that asks for a single value.
    """
    chosen = np.ones(len(table), dtype=bool)
    for condition in filter(None, claim["where"].split(";")):
        column, _, allowed = condition.partition("=")
        chosen &= table[column].astype(str).isin(allowed.split("|")).to_numpy()
    rows = table[chosen].dropna(subset=claim["column"])
    if rows.empty:
        return np.nan, np.nan, np.nan
    scale, summary, values = SCALES.get(claim["unit"], 1.0), claim["summary"], rows[claim["column"]]
    if summary in SUMMARIES:
        return scale * float(SUMMARIES[summary](values)), np.nan, np.nan
    if summary in CHOICES:
        rows = rows.loc[[CHOICES[summary](values)]]
    if len(rows) > 1:
        raise StudyError(
            f"The claim {claim['claim_id']} fits {len(rows)} rows of {claim['table']}; make its "
            "`where` in resources/claims.tsv name one, or choose a summary."
        )
    number = scale * float(rows[claim["column"]].iloc[0])
    if claim["column"] != "value":
        return number, np.nan, np.nan
    return number, scale * float(rows["ci_low"].iloc[0]), scale * float(rows["ci_high"].iloc[0])


def verdict(claim: Mapping[Any, str], ours: tuple[float, float, float]) -> str:
    """Return `reproduced`, `differs` or `inconclusive`.

    A number is reproduced if its whole 95 % interval lies within the published one, and differs if
    the two do not overlap. A count or a size has no error: it is its own interval. An estimate
    without an interval is inconclusive.
    """
    value, *ends = ours
    if claim["column"] not in ESTIMATES:
        ends = [value, value]
    low, high = published_interval(claim)
    if low <= ends[0] and ends[1] <= high:
        return "reproduced"
    return "differs" if ends[0] > high or ends[1] < low else "inconclusive"


def published_interval(claim: Mapping[str, str]) -> tuple[float, float]:
    """Return the interval of a published number.

    A printed interval is used as it is. Else it is the 95 % interval by Student's t for a printed
    standard deviation of a few runs, a tenth to either side of an approximate number, `MARGINS` to
    either side of an estimated share without any of these, and open-ended for a bound. The error of
    rounding to the printed digits is added.
    """
    number, bound, spread = float(claim["value"]), claim["bound"], claim["spread"]
    printed = re.fullmatch(r"(.+)\.\.(.+)", spread)
    if printed:
        return float(printed[1]), float(printed[2])
    if bound in ("gt", "ge"):
        return number, np.inf
    if bound in ("lt", "le"):
        return -np.inf, number
    if bound == "approx":
        half = APPROXIMATE * abs(number)
    elif spread:
        half = quantile(_runs(claim) - 1) * float(spread)
    elif claim["column"] in ESTIMATES:
        half = MARGINS.get(claim["unit"], 0.0)
    else:
        half = 0.0
    decimals = len(claim["value"].partition(".")[2])
    half += 0.5 * 10.0**-decimals * (1 + 1e-9)  # the ends round to the number too
    return number - half, number + half


def _runs(claim: Mapping[str, str]) -> int:
    """Return the number of trainings behind a printed standard deviation."""
    printed = re.search(r"\bruns=(\d+)", claim["setting"])
    return int(printed[1]) if printed else RUNS
