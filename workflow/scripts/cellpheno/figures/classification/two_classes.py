"""Compare every classifier with the stain on each data set: ROC and confusion (L21, Fig. 4a)."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

GROUPS = "over groups"
MOST_CONFUSIONS = 6
"""Classifiers with a confusion matrix."""


@style.styled
def draw(
    curves: pd.DataFrame,
    confusion: pd.DataFrame,
    metrics: pd.DataFrame,
    palette: style.Palette,
) -> Figure:
    """Draw a column for each data set: ROC curves of all classifiers, and confusion matrices."""
    sets = list(dict.fromkeys(curves["tested_on"]))
    if not sets:
        return style.message("No test field has patches of both classes, so there is no ROC curve.")
    names = list(dict.fromkeys(curves["experiment"]))
    shown = names[:MOST_CONFUSIONS]
    colours = dict(zip(names, style.enough(style.OKABE_ITO, len(names)), strict=True))
    lines = int(np.ceil(len(shown) / 3))
    heights = [72 + 3 * len(names), 36 * lines]
    made = style.figure(style.PAGE_MM, sum(heights))
    style.say_units(made, metrics[(metrics["metric"] == "auc") & (metrics["method"] == GROUPS)])
    top, bottom = made.subfigures(2, 1, False, height_ratios=heights)[:, 0]
    for axes, name in zip(top.subplots(1, len(sets), squeeze=False)[0], sets, strict=True):
        _roc(axes, curves[curves["tested_on"] == name], metrics, name, colours)
    parts = bottom.subfigures(1, len(sets), squeeze=False)[0]
    for part, name in zip(parts, sets, strict=True):
        places = part.subplots(lines, min(3, len(shown)), squeeze=False).ravel()
        for axes in places[len(shown) :]:
            axes.set_axis_off()
        for axes, experiment in zip(places, shown, strict=False):
            own = confusion[
                (confusion["tested_on"] == name) & (confusion["experiment"] == experiment)
            ]
            _confusion(axes, own, experiment, palette.classes, first=axes is places[0])
    return made


def metric(
    metrics: pd.DataFrame, experiment: str, tested_on: str, name: str, method: str = GROUPS
) -> str:
    """Return a metric with its interval, as text."""
    rows = metrics[
        (metrics["experiment"] == experiment)
        & (metrics["tested_on"] == tested_on)
        & (metrics["metric"] == name)
        & (metrics["method"] == method)
    ]
    if rows.empty or pd.isna(rows["value"].iloc[0]):
        return "not known"
    return style.with_interval(rows.iloc[0])


def _roc(
    axes: Axes, curves: pd.DataFrame, metrics: pd.DataFrame, tested_on: str, colours: dict[str, str]
) -> None:
    for name, curve in curves.groupby("experiment", sort=False):
        axes.plot(
            curve["false_positive_rate"],
            curve["true_positive_rate"],
            color=colours[str(name)],
            label=f"{name}  {metric(metrics, str(name), tested_on, 'auc')}",
        )
    axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.6, zorder=0)
    axes.set(xlim=(-0.01, 1), ylim=(0, 1.01), xlabel="1 - specificity", ylabel="sensitivity")
    axes.set_box_aspect(1)
    axes.set_title("all data sets" if tested_on == "all" else tested_on)
    # below the panel, because many classifiers would cover the curves
    look = {"fontsize": 5, "title_fontsize": 5.5}
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), title="AUC [95% interval]", **look)


def _confusion(
    axes: Axes, part: pd.DataFrame, experiment: str, classes: Sequence[str], first: bool
) -> None:
    counts = part.pivot_table(index="label", columns="call", values="n", aggfunc="sum")
    order = list(classes)
    numbers = counts.reindex(index=order, columns=order).fillna(0).astype(int)
    shares = numbers.div(numbers.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        axes.text(
            column,
            row,
            f"{100 * share:.0f}%\n{numbers.to_numpy()[row, column]:,}",
            ha="center",
            va="center",
            fontsize=5,
            color="white" if share > 0.6 else style.INK,
        )
    axes.set_xticks(range(len(classes)), classes, fontsize=5)
    axes.set_yticks(range(len(classes)), classes if first else [], fontsize=5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("\n".join(textwrap.wrap(experiment.replace("_", " "), 14)), fontsize=5.5)
    if first:
        axes.set(xlabel="called", ylabel="by the stain")
