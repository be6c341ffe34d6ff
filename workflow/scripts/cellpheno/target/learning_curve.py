"""Fit how much a classifier gains from more annotated cells (C43), and put it into words."""

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import OptimizeWarning, curve_fit

from cellpheno.core.randomness import generator
from cellpheno.study.members import Member
from cellpheno.tables.target import LEARNING_CURVE_FITS
from cellpheno.target.conventions import PUBLISHED, SOUND

Array = npt.NDArray[np.float64]

METRICS = {"auroc": "AUROC", "f1": "F1"}
POINT = 0.01
"""One more point: a hundredth of the metric."""
DRAWS = 500
MIN_SIZES = 4
"""Sizes of the training set that a curve of three parameters needs."""
FAR = 2.0
"""Answers beyond this multiple of the present cells are only an order of magnitude."""


@dataclasses.dataclass(frozen=True)
class Curve:
    """The power law `ceiling - factor * n ** -exponent` of the number of cells n."""

    ceiling: float
    factor: float
    exponent: float

    def at(self, n: npt.ArrayLike) -> Array:
        """Return the metric at numbers of cells."""
        return self.ceiling - self.factor * np.asarray(n, dtype=float) ** -self.exponent

    def more_cells(self, n: float) -> float:
        """Return how many cells beyond n gain one more point, or infinity."""
        missing = self.ceiling - float(self.at(n)) - POINT
        if missing <= 0 or self.exponent <= 0:
            return np.inf
        with np.errstate(over="ignore"):
            return float((missing / self.factor) ** (-1 / self.exponent) - n)


def fit(n: Array, values: Array) -> Curve | None:
    """Fit the power law by least squares; None with too few sizes, or without a fit.

    `n` [k] are the cells of the trainings, `values` [k] their metric. The ceiling lies between 0
    and 1, the curve does not fall, and its exponent is at most 2.
    """
    if len(np.unique(n)) < MIN_SIZES:
        return None
    # in units of the largest set the factor is of the order of the metric
    largest = n.max()
    start = (min(values.max() + 0.02, 1.0), 0.05, 0.5)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)
            (ceiling, factor, exponent), _ = curve_fit(
                lambda x, a, b, c: a - b * x**-c,
                n / largest,
                values,
                p0=start,
                bounds=([0, 0, 0.01], [1, np.inf, 2]),
                maxfev=5000,
            )
    except RuntimeError:
        return None
    return Curve(float(ceiling), float(factor * largest**exponent), float(exponent))


def points(
    metrics: pd.DataFrame, members: Sequence[Member], classifiers: pd.DataFrame
) -> pd.DataFrame:
    """Return the metric and the number of cells of every training: tables.LEARNING_CURVE.

    `metrics` is tables.CELL_LEVEL, of which the sound convention counts if there is one; the
    members' value is the share; tables.CLASSIFIERS has the numbers of cells.
    """
    convention = SOUND if (metrics["convention"] == SOUND).any() else PUBLISHED
    counted = metrics[metrics["convention"] == convention]
    values = counted.set_index(["experiment", "metric", "seed"])["value"]
    learned = classifiers.set_index("experiment")
    rows = [
        (member.base, float(member.value), str(run.seed), run.n_cells, metric, value)
        for member in members
        for run in learned.loc[[member.experiment]].itertuples()
        for metric in METRICS
        for value in [values.get((member.experiment, metric, str(run.seed)), np.nan)]
    ]
    columns = ["base", "share", "seed", "n_cells", "metric", "value"]
    return pd.DataFrame(rows, columns=columns)


def fits(points: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Fit the curve of every base and metric, with intervals from redrawing seeds.

    Returns tables.LEARNING_CURVE_FITS.
    """
    rows = [
        {"base": base, "metric": metric, **fit_one(part.dropna(), str(metric), seed, str(base))}
        for (base, metric), part in points.groupby(["base", "metric"], sort=False)
    ]
    return pd.DataFrame(rows) if rows else LEARNING_CURVE_FITS.empty()


def fit_one(part: pd.DataFrame, metric: str, seed: int, stream: str) -> dict[str, object]:
    """Fit one curve: a row of tables.LEARNING_CURVE_FITS without base and metric."""
    largest = part[part["share"] == part["share"].max()] if len(part) else part
    n = float(largest["n_cells"].mean()) if len(part) else 0.0
    row: dict[str, object] = dict.fromkeys(
        ["ceiling", "factor", "exponent", "value", "more_cells", "more_low", "more_high"], np.nan
    )
    row["n_cells"] = n
    curve = fit(*_numbers(part))
    if curve is None:
        return {**row, "sentence": "There are too few sizes of the training set to fit a curve."}
    low, high = _interval(part, n, seed, stream)
    more = curve.more_cells(n)
    row |= {"ceiling": curve.ceiling, "factor": curve.factor, "exponent": curve.exponent}
    row |= {"value": float(curve.at(n))}
    # the table has a missing value if no number of cells suffices
    row |= {
        key: value if np.isfinite(value) else np.nan
        for key, value in {"more_cells": more, "more_low": low, "more_high": high}.items()
    }
    return {**row, "sentence": say(curve, METRICS[metric], n, more, low, high)}


def _numbers(part: pd.DataFrame) -> tuple[Array, Array]:
    return part["n_cells"].to_numpy(np.float64), part["value"].to_numpy(np.float64)


def _interval(part: pd.DataFrame, n: float, seed: int, stream: str) -> tuple[float, float]:
    """Return the 95 % interval of the further cells by redrawing seeds; NaN for a single one."""
    runs = sorted(part["seed"].unique())
    if len(runs) < 2:
        return np.nan, np.nan
    of_run = dict(list(part.groupby("seed")))
    random = generator(seed, "learning curve intervals", stream)
    drawn_runs = random.multinomial(len(runs), np.full(len(runs), 1 / len(runs)), size=DRAWS)
    samples, row = np.unique(drawn_runs, axis=0, return_inverse=True)
    values = []
    for sample in samples:
        drawn = pd.concat(
            [of_run[run] for run, times in zip(runs, sample, strict=True) for _ in range(times)]
        )
        curve = fit(*_numbers(drawn))
        values.append(np.nan if curve is None else curve.more_cells(n))
    known = np.array(values)[row]
    known = known[~np.isnan(known)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [0.025, 0.975], method="inverted_cdf")
    return float(low), float(high)


def say(curve: Curve, metric: str, n: float, more: float, low: float, high: float) -> str:
    """Return in words how many more cells gain one more point, or why the fit cannot say."""
    now = f"{metric} {float(curve.at(n)):.3f} with {n:,.0f} cells"
    if np.isinf(more):
        text = (
            f"By the fitted curve no number of further cells gains one more point ({now}, "
            f"ceiling {curve.ceiling:.3f})"
        )
        if np.isfinite(low):
            text += f"; redrawn seeds begin at {_round(low)} more, so the trainings cannot say"
        elif np.isnan(low):
            text += "; one seed, so without interval"
        return text + "."
    text = f"About {_round(more)} more cells for one more point ({now}"
    if np.isfinite(low) and np.isfinite(high):
        text += f"; redrawn seeds: {_round(low)} to {_round(high)})"
    elif np.isfinite(low):
        text += f"; redrawn seeds: {_round(low)} to no number at all, so take it with care)"
    elif np.isinf(low):
        text += "; most redrawn seeds: no number at all, so the trainings cannot say)"
    else:
        text += "; one seed, so without interval)"
    if more > (FAR - 1) * n:
        text += ", an order of magnitude only: so far the curve was not measured"
    return text + "."


def _round(number: float) -> str:
    """Return a number with two significant digits."""
    if number >= 1e7:
        return "over ten million"
    digits = max(0, len(str(int(number))) - 2)
    return f"{max(1, int(round(number, -digits))):,}"
