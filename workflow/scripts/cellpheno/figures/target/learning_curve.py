"""Draw the gain from more annotated cells, with fitted curve and conclusion (C43, figure 11)."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style

TITLES = {"auroc": "AUROC", "f1": "F1"}


@style.styled
def draw(points: pd.DataFrame, fits: pd.DataFrame, target: str) -> Figure:
    """Draw every training, the mean of each share with the deviation of seeds, and the curves."""
    points = points.dropna(subset="value")
    if points.empty:
        return style.message("There are no annotated cells to measure the learning curve with.")
    bases = list(dict.fromkeys(points["base"]))
    colours = dict(zip(sorted(bases), style.enough(style.OKABE_ITO, len(bases)), strict=True))
    metrics = [name for name in TITLES if (points["metric"] == name).any()]
    made = style.figure(style.PAGE_MM, 67 + 8 * len(bases))
    for axes, metric in zip(made.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        for base in bases:
            own = points[(points["base"] == base) & (points["metric"] == metric)]
            axes.plot(own["n_cells"], own["value"], ".", color=colours[base], alpha=0.4, ms=3)
            mean = own.groupby("share").agg(n=("n_cells", "mean"), value=("value", "mean"))
            sd = own.groupby("share")["value"].std(ddof=1).fillna(0)
            axes.errorbar(
                mean["n"], mean["value"], yerr=sd, fmt="o", ms=3.5, capsize=2,
                color=colours[base], label=base,
            )  # fmt: skip
            fit = fits[(fits["base"] == base) & (fits["metric"] == metric)]
            if len(fit) and np.isfinite(fit["ceiling"].iloc[0]):
                row = fit.iloc[0]
                n = np.geomspace(own["n_cells"].min(), own["n_cells"].max(), 100)
                curve = row["ceiling"] - row["factor"] * n ** -row["exponent"]
                axes.plot(n, curve, color=colours[base])
        axes.set_xscale("log")
        sizes = points.groupby("share")["n_cells"].mean().round().astype(int)
        # whole numbers, because the style has no powers of ten
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.set_xticks([], minor=True)
        axes.set(title=f"{TITLES[metric]} of {target}", xlabel="cells learned from")
    handles, names = made.axes[0].get_legend_handles_labels()
    made.legend(handles, names, loc="outside upper center", ncols=len(bases))
    said = fits[fits["metric"] == metrics[0]]
    lines = [f"{base}: {text}" for base, text in zip(said["base"], said["sentence"], strict=True)]
    text = "\n".join(textwrap.fill(line, 150) for line in lines)
    made.supxlabel(text, fontsize=6.5, ha="left", x=0.01)
    return made
