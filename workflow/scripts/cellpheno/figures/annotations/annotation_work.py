"""Compare the clicks of annotating fields from nothing and of correcting proposals (C7)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from cellpheno.figures import style
from cellpheno.measuring.intervals import Estimate

KINDS = {
    "clicks_drawing": ("drawing cells", style.OKABE_ITO[0]),
    "clicks_correcting": ("correcting class or edges", style.OKABE_ITO[1]),
    "clicks_deleting": ("deleting boxes", style.OKABE_ITO[2]),
}


@style.styled
def draw(work: pd.DataFrame, share: Estimate) -> Figure:
    """Draw clicks per field by their kind, for each field, and over its uncertainty.

    `share` is that of correcting in the clicks from nothing, with its 95 % interval.
    """
    if work.empty:
        return style.message("There is no annotated test field to count clicks in.")
    made = style.figure(style.PAGE_MM, 68)
    left, middle, right = made.subplots(1, 3, width_ratios=(0.9, 1, 1))
    _draw_means(left, work)
    ends = "" if np.isnan(share.ci_low) else f" ({share.ci_low:.0%} to {share.ci_high:.0%})"
    left.set_title(f"{share.value:.0%} of the clicks{ends}")
    style.say_units(made, pd.DataFrame([share]))
    most = float(work[["clicks", "clicks_from_nothing"]].max().max()) * 1.05 + 1
    middle.plot([0, most], [0, most], color="#BBBBBB", linewidth=0.8, zorder=0)
    middle.plot(work["clicks_from_nothing"], work["clicks"], "o", color="black", markersize=3)
    middle.set(xlim=(0, most), ylim=(0, most), xlabel="clicks from nothing")
    middle.set(ylabel="clicks to correct proposals", title="each field")
    middle.set_box_aspect(1)
    _draw_doubt(right, work)
    handles, labels = left.get_legend_handles_labels()
    made.legend(handles, labels, loc="outside lower center", ncols=3)
    return made


def _draw_means(axes: Axes, work: pd.DataFrame) -> None:
    """Draw the mean clicks per field, from nothing and from proposals."""
    drawing, colour = KINDS["clicks_drawing"]
    axes.bar(0, work["clicks_from_nothing"].mean(), 0.6, color=colour, label=drawing)
    bottom = 0.0
    for column, (label, colour) in KINDS.items():
        height = float(work[column].mean())
        own = label if column != "clicks_drawing" else None
        axes.bar(1, height, 0.6, bottom, color=colour, label=own)
        bottom += height
    for place, column in enumerate(("clicks_from_nothing", "clicks")):
        mean = work[column].mean()
        axes.text(place, mean, f"{mean:.0f}", ha="center", va="bottom")
    axes.set_xticks([0, 1], ["from nothing", "from proposals"])
    axes.set(ylabel="clicks per field", xlim=(-0.6, 1.6))
    axes.margins(y=0.12)


def _draw_doubt(axes: Axes, work: pd.DataFrame) -> None:
    """Draw the clicks per cell over the uncertainty that orders the fields."""
    drawn = work[work["n_cells"] > 0]
    per_cell = drawn["clicks"] / drawn["n_cells"]
    axes.plot(drawn["uncertainty"], per_cell, "o", color="black", markersize=3)
    axes.set(xlabel="uncertainty of the field", ylabel="clicks per cell")
    axes.set_ylim(bottom=0)
    axes.set_box_aspect(1)
    if len(drawn) > 2 and np.ptp(drawn["uncertainty"]) > 0 and np.ptp(per_cell) > 0:
        axes.set_title(f"Spearman's ρ = {spearmanr(drawn['uncertainty'], per_cell)[0]:.2f}")
