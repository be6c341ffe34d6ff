"""Draw the classifier's loss and accuracy, epoch by epoch (A40)."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from cellpheno.figures import style

SPLITS = {"train": "training", "val": "validation"}


@style.styled
def draw(history: pd.DataFrame, palette: style.Palette) -> Figure:
    """Draw the loss, and the accuracy of all cells, of each class and of each group."""
    if history.empty:
        return style.message("The classifier was not trained.")
    names = ["all", *palette.groups, *palette.classes]
    ncols = style.columns(names, 5)
    made = style.figure(style.PAGE_MM, 62 + 4.0 * -(-len(names) // ncols))
    loss, *rest = made.subplots(1, 3)
    draw_loss(loss, history)
    for axes, split in zip(rest, SPLITS, strict=True):
        draw_accuracy(axes, history[history["split"] == split], palette)
        axes.set_title(f"accuracy, {SPLITS[split]}")
    looks = {name: _look(name, palette) for name in names}
    made.legend(
        handles=[Line2D([], [], label=name, **look) for name, look in looks.items()],
        loc="outside lower center",
        ncols=ncols,
    )
    return made


def draw_loss(axes: Axes, history: pd.DataFrame) -> None:
    """Draw the mean loss of training and validation cells."""
    for split, line in [("train", "-"), ("val", "--")]:
        part = history[(history["metric"] == "loss") & (history["split"] == split)]
        part = part[part["class"] == "all"]
        if len(part):
            axes.plot(part["step"], part["value"], line, color=style.INK, label=SPLITS[split])
    axes.set(title="loss", xlabel="epoch", ylabel="cross-entropy")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if axes.lines:
        axes.legend(loc="best")


def draw_accuracy(axes: Axes, history: pd.DataFrame, palette: style.Palette) -> None:
    """Draw one line for each class, one for each group and one for all cells."""
    history = history[history["metric"] == "accuracy"]
    for name in [*palette.classes, *palette.groups, "all"]:
        part = history[history["class"] == name]
        axes.plot(part["step"], part["value"], **_look(name, palette))
    axes.set(xlabel="epoch", ylim=(0, 1.03))
    style.percent(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if history.empty:
        axes.text(0.5, 0.5, "no cells", transform=axes.transAxes, ha="center")


def _look(name: str, palette: style.Palette) -> dict[str, Any]:
    if name == "all":
        return {"color": "black", "linewidth": 1.8}
    if name in palette.groups:
        lines = ["--", ":", "-."]
        return {"color": "black", "linestyle": lines[list(palette.groups).index(name) % 3]}
    return {"color": palette[name], "linestyle": palette.line(name), "linewidth": 0.9}
