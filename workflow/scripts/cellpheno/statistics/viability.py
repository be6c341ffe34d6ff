"""Estimate the share of live patches, or cells, by field, well and condition, over time."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cellpheno.core import notices
from cellpheno.splits.usable_fields import in_splits
from cellpheno.statistics.left_out import Fields
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.statistics import VIABILITY

Array = npt.NDArray[np.float64]

ANY_TIME = "all"
"""The row of all times together."""
CALLS, LABELS = "bright-field", "fluorescence"
"""Sources of a patch's class: the classifier's call, or the stain."""
LEVELS = ("field", "group", "condition")
WILSON = "Wilson"
RATIO = "ratio of units"
NOTHING = {
    **{"n": 0, "n_live": 0, "viability": np.nan, "ci_low": np.nan, "ci_high": np.nan},
    **{"interval": "none", "unit": "field", "n_units": 0},
}
"""The numbers of a condition without fields."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to count: the share of the class `live`.

    `time` is the column of the sample sheet with the time, if any. `independent` is the number of
    patches that a patch counts as, less than 1 if patches overlap.
    """

    live: str
    time: str | None
    independent: float


def wilson(n_live: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share; n need not be whole."""
    z2 = stats.norm.ppf(0.975) ** 2
    share = n_live / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def ratio(n_live: Array, n: Array) -> tuple[float, float]:
    """Return the 95 % interval of a share over several units [units] that differ.

    The share is all live patches over all patches, a ratio of two sums over units, with the
    variance of Cochran (1977, section 6.3) and a t distribution with one degree of freedom less
    than units. The logit scale keeps the interval between 0 and 1. It is NaN if the share is 0 or 1
    or there is a single unit.
    """
    units, share = len(n), n_live.sum() / n.sum()
    if units < 2 or not 0 < share < 1:
        return np.nan, np.nan
    variance = units / (units - 1) * np.square(n_live - share * n).sum() / n.sum() ** 2
    half = stats.t.ppf(0.975, units - 1) * np.sqrt(variance) / (share * (1 - share))
    logit = np.log(share / (1 - share))
    low, high = 1 / (1 + np.exp(-(logit + half * np.array([-1, 1]))))
    return float(low), float(high)


def estimate(
    patches: pd.DataFrame, fields: pd.DataFrame, source: str, settings: Settings
) -> pd.DataFrame:
    """Estimate the share of live patches of every field, group and condition at every time.

    `patches` have field and class, which may be missing; `fields` comes from `usable`; the source
    is `CALLS` or `LABELS`. Returns tables.VIABILITY. A field has Wilson's interval for the number
    of patches that fit without overlap. A group is its fields together, a condition its groups (or
    its fields, if it has a single group), with the interval of `ratio` over them; if that is
    undefined it is Wilson's, which is too narrow if the units differ.
    """
    known = patches.dropna(subset="class")
    live = known["class"] == settings.live
    counts = pd.DataFrame(
        {
            "n": known.groupby("field").size(),
            "n_live": live.groupby(known["field"]).sum(),
        }
    )
    counts = fields.merge(counts, left_on="field", right_index=True).reset_index(drop=True)
    rows = [{**row, "source": source} for level in LEVELS for row in _rows(counts, level, settings)]
    return pd.DataFrame(rows, columns=[column.name for column in VIABILITY.columns])


def _rows(counts: pd.DataFrame, level: str, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield a row for each unit of a level at each time, and at all times together."""
    keys = ["condition", "time"] if level == "condition" else ["condition", level, "time"]
    parts = [counts]
    if level != "field" and (counts["time"] != ANY_TIME).any():
        parts.append(counts.assign(time=ANY_TIME))
    for part in parts:
        for _, unit in part.groupby(keys, sort=False):
            first = unit.iloc[0]
            yield {
                "level": level,
                "name": first[level],
                "condition": first["condition"],
                "time": first["time"],
                **_share(unit, level, settings),
            }


def _share(unit: pd.DataFrame, level: str, settings: Settings) -> dict[str, Any]:
    """Return numbers, share and interval of the fields of a unit."""
    n, n_live = int(unit["n"].sum()), int(unit["n_live"].sum())
    within = "group" if level == "condition" and len(set(unit["group"])) > 1 else "field"
    sums = unit.groupby(within)[["n_live", "n"]].sum().to_numpy(np.float64)
    interval, (low, high) = RATIO, ratio(*sums.T)
    if np.isnan(low):
        interval = WILSON
        low, high = wilson(n_live * settings.independent, n * settings.independent)
    return {
        "n": n,
        "n_live": n_live,
        "viability": n_live / n,
        "ci_low": low,
        "ci_high": high,
        "interval": interval,
        "unit": within,
        "n_units": len(sums),
    }


def usable(
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    wanted: Sequence[str],
    without: Sequence[str],
    time: str | None,
) -> pd.DataFrame:
    """Return field, condition, group and time of the usable fields of some splits.

    Conditions in `without` are left out. Without a column `time`, all fields have the time `all`.
    """
    fields = in_splits(quality, splits, wanted, without)
    moment = fields[time].astype("str") if time else ANY_TIME
    return fields[["field", "condition", "group"]].assign(time=moment)


def with_lost(
    table: pd.DataFrame, named: pd.DataFrame, sources: Sequence[str], time: str | None
) -> pd.DataFrame:
    """Add a row without viability for each condition and time that lost all its fields.

    `table` comes from `estimate`, for all `sources`; `named` from `fields.named_for_comparison`,
    with the sample sheet's columns.
    """
    named = named.assign(time=named[time].astype("str") if time else ANY_TIME)
    wanted = named[["condition", "time"]].drop_duplicates()
    rows = []
    for source in sources:
        own = table[table["source"] == source] if len(table) else table
        counted = own.loc[own["level"] == "field", "name"] if len(own) else ()
        fields = Fields(named, set(counted), f"without a class by {source}")
        fields.warn()
        there = set(zip(own["condition"], own["time"], strict=True)) if len(own) else set()
        for condition, moment in wanted.itertuples(index=False):
            if (condition, moment) not in there:
                at = f" at {time} {moment}" if time else ""
                notices.warn(
                    f"The condition {condition}{at} has no viability by {source}: "
                    f"{fields.used(condition)}; its row has NA."
                )
                about = {"name": condition, "condition": condition, "time": moment}
                rows.append({"level": "condition", **about, "source": source, **NOTHING})
    return storage.concatenate([table, pd.DataFrame(rows)], VIABILITY)


def over_field(cells: pd.DataFrame, live: str, stride: int) -> pd.DataFrame:
    """Average the probability of `live` over the patches that cover each place of a field.

    Places are squares of `stride` px. Returns tables.VIABILITY_MAP: places whose centre lies in at
    least one patch.
    """
    boxes = cells[BOX_COLUMNS].to_numpy(np.float64)
    probability = cells[f"p_{live}"].to_numpy(np.float64)
    parts = [
        _places(str(field), boxes[rows], probability[rows], stride)
        for field, rows in cells.groupby("field", sort=True).indices.items()
    ]
    empty = pd.DataFrame(columns=["field", *BOX_COLUMNS, "n_patches", "p_live"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _places(field: str, boxes: Array, probability: Array, stride: int) -> pd.DataFrame:
    width, height = boxes[:, 2:].max(axis=0)
    lefts, tops = np.arange(0, width, stride), np.arange(0, height, stride)
    top, left = (part.ravel() for part in np.meshgrid(tops, lefts, indexing="ij"))
    x, y = (corner[:, None] + stride / 2 for corner in (left, top))
    covered = (x >= boxes[:, 0]) & (y >= boxes[:, 1]) & (x < boxes[:, 2]) & (y < boxes[:, 3])
    number = covered.sum(axis=1)
    mean = covered @ probability / np.maximum(number, 1)
    right, bottom = np.minimum(left + stride, width), np.minimum(top + stride, height)
    corners = dict(zip(BOX_COLUMNS, (left, top, right, bottom), strict=True))
    frame = pd.DataFrame({"field": field, **corners, "n_patches": number, "p_live": mean})
    return frame[number > 0]
