"""Exposure and focus of every field, and which fields were set aside (A4)."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

MOST_NAMED = 8


@style.styled
def draw(quality: pd.DataFrame, max_saturated_fraction: float, min_focus: float) -> Figure:
    """Draw saturation and focus field by field, with the limits, and name the fields set aside.

    Parameters
    ----------
    quality
        The quality table.
    max_saturated_fraction, min_focus
        Limits of the config; a focus limit of 0 is off.
    """
    if quality.empty:
        return style.message("The sample sheet has no fields.")
    sentence = _set_aside(quality)
    made = style.figure(style.PAGE_MM, 66 + 3.2 * sentence.count("\n"))
    left, right = made.subplots(1, 2)
    conditions = list(quality["condition"].unique())
    _draw_fields(left, quality, "saturated_fraction", conditions)
    left.set_yscale("symlog", linthresh=1e-4)
    left.margins(y=0.08)
    left.set_ylim(bottom=-1e-5)
    left.set(title="saturation", ylabel="saturated pixels\nof the worst channel")
    _draw_limit(left, max_saturated_fraction)
    left.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")
    _draw_fields(right, quality, "focus", conditions)
    right.set(title="focus", ylabel="variance of the Laplacian\nof the worst channel")
    right.margins(y=0.08)
    right.set_ylim(bottom=0)
    if min_focus > 0:
        _draw_limit(right, min_focus)
    made.supxlabel(sentence, fontsize=6.5, x=0.01, ha="left")
    return made


def _draw_fields(axes: Axes, quality: pd.DataFrame, column: str, conditions: Sequence[str]) -> None:
    for place, condition in enumerate(conditions):
        part = quality[quality["condition"] == condition]
        usable = (part["verdict"] == "ok").to_numpy()
        values = part[column].to_numpy(dtype=np.float64)
        across = place + style.spread(values, 0.3)
        axes.scatter(across[usable], values[usable], s=8, c=style.OKABE_ITO[0], linewidths=0)
        axes.scatter(
            *(across[~usable], values[~usable]), marker="x", s=16, c=style.ALERT, linewidths=1.2
        )
    axes.set_xlim(-0.6, len(conditions) - 0.4)
    style.name_ticks(axes, conditions)


def _draw_limit(axes: Axes, limit: float) -> None:
    axes.axhline(limit, color=style.ALERT, linestyle="--", linewidth=0.8)
    axes.annotate(
        f"limit {limit:g}",
        (1, limit),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="right",
        color=style.ALERT,
        fontsize=6,
    )


def _set_aside(quality: pd.DataFrame) -> str:
    bad = quality[quality["verdict"] != "ok"]
    if bad.empty:
        return f"All {len(quality):,} fields are used."
    lines = [f"{len(bad):,} of {len(quality):,} fields set aside (×):"]
    for row in bad.head(MOST_NAMED).itertuples():
        lines += textwrap.wrap(f"{row.field}: {row.verdict}", 150, subsequent_indent="    ")
    if len(bad) > MOST_NAMED:
        lines.append(f"and {len(bad) - MOST_NAMED:,} more in qc/fields.tsv")
    return "\n".join(lines)
