"""Check by the stain whether a score of 0.8 is right in 80 % of the cases."""

import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style

FEWEST = 5
"""Fewest patches of a bin to be drawn."""


@style.styled
def draw(calibration: pd.DataFrame, metrics: pd.DataFrame, dim: str) -> Figure:
    """Draw the share that the stain calls dim over the score, a panel for each data set.

    Tenths of the score with very few patches are left out; the score is the probability of `dim`.
    """
    sets = list(dict.fromkeys(calibration["tested_on"]))
    if not sets:
        return style.message("No test field has a label to compare scores with.")
    calibration = calibration[calibration["n"] >= FEWEST]
    names = list(dict.fromkeys(calibration["experiment"]))
    colours = dict(zip(names, style.enough(style.OKABE_ITO, len(names)), strict=True))
    made = style.figure(min(style.PAGE_MM, 62 * len(sets)), 74 + 3 * len(names))
    errors = metrics[metrics["metric"] == "expected_calibration_error"]
    known = errors.drop_duplicates(["experiment", "tested_on"])
    error_of = known.set_index(["experiment", "tested_on"])["value"]
    for axes, tested in zip(made.subplots(1, len(sets), squeeze=False)[0], sets, strict=True):
        axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.6, zorder=0)
        for name in names:
            part = calibration[
                (calibration["experiment"] == name) & (calibration["tested_on"] == tested)
            ].sort_values("mean_score")
            low = (part["share"] - part["ci_low"]).clip(lower=0).fillna(0)
            high = (part["ci_high"] - part["share"]).clip(lower=0).fillna(0)
            axes.errorbar(
                part["mean_score"],
                part["share"],
                [low, high],
                marker="o",
                markersize=2.5,
                color=colours[name],
                elinewidth=0.5,
                label=f"{name}  {error_of.get((name, tested), float('nan')):.3f}",
            )
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=f"score (probability of {dim})")
        axes.set_title("all data sets" if tested == "all" else tested)
        axes.set_box_aspect(1)
        # below the panel, because many classifiers would cover the points
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.25)}
        axes.legend(**place, title="mean error", fontsize=5.5, title_fontsize=5.5)
    style.say_units(made, calibration)
    made.axes[0].set_ylabel(f"share {dim} by the stain")
    return made
