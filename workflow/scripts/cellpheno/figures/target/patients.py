"""Draw classifiers trained on some patients and tested on each (C41, table 6)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

CONVENTION = "sound"
SHOWN = (("cell", "auroc", "AUROC of cells"), ("image", "f1", "F1 in images"))


@style.styled
def draw(metrics: pd.DataFrame) -> Figure:
    """Draw each training's results on each patient, with 95 % intervals.

    Means over seeds in the sound convention; intervals are over patients where several were tested
    together, else over groups.
    """
    mean = metrics[(metrics["seed"] == "mean") & (metrics["convention"] == CONVENTION)]
    shown = [
        (metric, title, part)
        for level, metric, title in SHOWN
        if len(part := mean[(mean["level"] == level) & (mean["metric"] == metric)])
    ]
    if not shown:
        return style.message("No reported field of any patient has annotated cells.")
    rows = list(dict.fromkeys(zip(mean["base"], mean["trained_on"], strict=True)))
    made = style.figure(style.PAGE_MM, 26 + 8 * len(rows))
    places = made.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (_, title, part) in zip(places, shown, strict=True):
        draw_matrix(axes, part, rows)
        axes.set(title=title, xlabel="tested on")
    style.say_units(made, pd.concat([part for _, _, part in shown]))
    bases = {base for base, _ in rows}
    names = [trained if len(bases) == 1 else f"{base}: {trained}" for base, trained in rows]
    places[0].set_yticks(range(len(rows)), names)
    places[0].set_ylabel("trained on")
    return made


def draw_matrix(axes: Axes, part: pd.DataFrame, rows: list[tuple[str, str]]) -> None:
    """Draw a metric; values of unseen patients are marked."""
    tested = list(dict.fromkeys(part["tested_on"]))
    # over patients, which comes last, says more about unseen ones
    part = part.sort_values("unit", kind="stable")
    own = part.drop_duplicates(["base", "trained_on", "tested_on"], keep="last")
    own = own.set_index(["base", "trained_on", "tested_on"])
    values = np.array([[own["value"].get((*row, t), np.nan) for t in tested] for row in rows])
    low, high = (np.nanmin(values), np.nanmax(values)) if np.isfinite(values).any() else (0, 1)
    axes.imshow(values, cmap="viridis", vmin=low - 0.02, vmax=high + 0.02, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value):
            axes.text(column, row, "-", ha="center", va="center")
            continue
        cell: Any = own.xs((*rows[row], tested[column]))
        text = style.with_interval(cell).replace(" [", "\n[")
        text += "" if cell["seen"] else "\nunseen"
        middle = (low + high) / 2
        colour = style.INK if value > middle else "white"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=5.5)
    style.name_ticks(axes, tested, room=40)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
