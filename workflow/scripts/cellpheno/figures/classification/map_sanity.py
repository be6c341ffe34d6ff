"""Draw whether Grad-CAM maps depend on what was learned (Adebayo et al. 2018)."""

import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style


@style.styled
def draw(sanity: pd.DataFrame) -> Figure:
    """Draw the similarity of maps to those of the network destroyed from its head backwards."""
    chance, steps = sanity[sanity["step"] == 0], sanity[sanity["step"] > 0]
    made = style.figure(style.COLUMN_MM, 72)
    axes = made.subplots()
    if len(chance) and not pd.isna(chance["rank_correlation"].iloc[0]):
        row = chance.iloc[0]
        if not pd.isna(row["ci_low"]):
            axes.axhspan(row["ci_low"], row["ci_high"], color="#DDDDDD", linewidth=0)
        axes.axhline(row["rank_correlation"], color="#8C8C8C", label="maps of other crops")
    low = (steps["rank_correlation"] - steps["ci_low"]).clip(lower=0).fillna(0)
    high = (steps["ci_high"] - steps["rank_correlation"]).clip(lower=0).fillna(0)
    axes.errorbar(
        range(1, len(steps) + 1),
        steps["rank_correlation"],
        [low, high],
        marker="o",
        markersize=3.5,
        color=style.OKABE_ITO[0],
        label="the same crop, network destroyed",
    )
    axes.plot(0, 1, "o", markersize=3.5, color=style.OKABE_ITO[0])
    axes.plot([0, 1], [1, steps["rank_correlation"].iloc[0]], color=style.OKABE_ITO[0], lw=0.6)
    names = ["nothing", *steps["destroyed"]]
    style.name_ticks(axes, names, room=40)
    axes.axhline(0, color="#BBBBBB", linewidth=0.6, zorder=0)
    axes.set(
        ylim=(min(-0.1, axes.get_ylim()[0]), 1.05), ylabel="rank correlation with the sound map"
    )
    axes.set_xlabel("destroyed up to")
    axes.legend(loc="upper right")
    return made
