"""Draw classifiers trained on one data set and tested on another."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.classification.two_classes import GROUPS

METRICS = {"balanced_accuracy": "balanced accuracy", "auc": "AUC"}


@style.styled
def draw(metrics: pd.DataFrame) -> Figure:
    """Draw balanced accuracy and AUC of every classifier on every data set, with intervals."""
    metrics = metrics[metrics["method"] == GROUPS]
    rows = list(dict.fromkeys(zip(metrics["experiment"], metrics["trained_on"], strict=True)))
    sets = list(dict.fromkeys(metrics["tested_on"]))
    made = style.figure(style.PAGE_MM, 24 + 11 * len(rows))
    for axes, (name, title) in zip(made.subplots(1, 2, sharey=True), METRICS.items(), strict=True):
        own = metrics[metrics["metric"] == name].set_index(["experiment", "tested_on"])
        values = np.array(
            [[own["value"].get((row[0], tested), np.nan) for tested in sets] for row in rows]
        )
        axes.imshow(values, cmap="viridis", vmin=0.5, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            cell = own.loc[(rows[row][0], sets[column])] if np.isfinite(value) else None
            text = "none" if cell is None else f"{value:.3f}"
            if cell is not None and not pd.isna(cell["ci_low"]):
                text += f"\n[{cell['ci_low']:.3f}, {cell['ci_high']:.3f}]"
            colour = style.INK if not np.isfinite(value) or value > 0.8 else "white"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=6)
        style.name_ticks(axes, sets, room=34)
        axes.set_yticks(range(len(rows)), [f"{name}\n({trained})" for name, trained in rows])
        axes.set(title=title, xlabel="tested on")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    style.say_units(made, metrics[metrics["metric"].isin(METRICS)])
    made.axes[0].set_ylabel("classifier (trained on)")
    return made
