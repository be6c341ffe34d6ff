"""Draw the detector's training and its results on held-out fields (2C)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

METRICS = {"recall": "recall", "precision": "precision", "f1": "F1", "ap": "AP"}
AT_THRESHOLD = " at score_threshold"
SPLIT_COLOURS = {"val": "#9CCBE8", "test": "#0072B2"}


@style.styled
def draw(history: pd.DataFrame, metrics: pd.DataFrame) -> Figure:
    """Draw loss, recall and precision during the training, and the metrics after it."""
    if history.empty and metrics.empty:
        return style.message("The detector was neither trained nor measured.")
    made = style.figure(style.PAGE_MM, 105)
    (loss, finds), (everything, sure) = made.subplots(2, 2)
    draw_loss(loss, history)
    draw_validation(finds, history)
    draw_metrics(everything, metrics, "")
    everything.set_title("all scores kept by the detector")
    draw_metrics(sure, metrics, AT_THRESHOLD)
    style.say_units(made, metrics[metrics["split"] == "test"])
    threshold = metrics.loc[metrics["metric"] == "score_threshold", "value"]
    chosen = f" {threshold.iloc[0]:.2f}" if len(threshold) else ""
    sure.set_title(f"scores above the threshold{chosen} chosen on val")
    return made


def draw_loss(axes: Axes, history: pd.DataFrame) -> None:
    """Draw the total training loss over steps, and its running median."""
    loss = history[(history["metric"] == "loss") & (history["split"] == "train")]
    axes.plot(loss["step"], loss["value"], color="#BBBBBB", linewidth=0.7)
    smooth = loss["value"].rolling(15, center=True, min_periods=1).median()
    axes.plot(loss["step"], smooth, color=style.INK)
    axes.set(title="training loss", xlabel="step", ylabel="loss")
    axes.set_ylim(0, float(loss["value"].quantile(0.99)) * 1.2 if len(loss) else 1)


def draw_validation(axes: Axes, history: pd.DataFrame) -> None:
    """Draw recall and precision on validation tiles over steps."""
    for metric, colour in [("recall", style.OKABE_ITO[0]), ("precision", style.OKABE_ITO[1])]:
        part = history[(history["metric"] == metric) & (history["split"] == "val")]
        axes.plot(part["step"], part["value"], "o-", color=colour, markersize=3, label=metric)
    axes.set(title="validation tiles, IoU 0.5", xlabel="step", ylabel="share", ylim=(0, 1.03))
    axes.legend(loc="lower right")


def draw_metrics(axes: Axes, metrics: pd.DataFrame, ending: str) -> None:
    """Draw recall, precision, F1 and average precision with 95 % intervals, for val and test."""
    names = [f"{metric}@{iou}" for iou in (0.5, 0.1) for metric in METRICS]
    there = set(metrics["metric"])
    names = [name for name in names if name + ending in there]
    for shift, split in [(-0.2, "val"), (0.2, "test")]:
        part = metrics[metrics["split"] == split].set_index("metric")
        part = part.reindex([name + ending for name in names])
        places = [row + shift for row in range(len(names))]
        axes.bar(places, part["value"], 0.38, color=SPLIT_COLOURS[split], label=split)
        axes.vlines(places, part["ci_low"], part["ci_high"], color=style.INK, linewidth=0.7)
        for place, value, high in zip(places, part["value"], part["ci_high"], strict=True):
            if pd.notna(value):
                top = value if pd.isna(high) else max(value, high)
                # three characters, as wide as a bar, because two of 1.00 would overlap
                shown = f"{value:.2f}".removeprefix("0")[:3]
                axes.text(place, top + 0.015, shown, ha="center", fontsize=5)
    labels = [f"{METRICS[name.split('@')[0]]}\nIoU {name.split('@')[1]}" for name in names]
    axes.set_xticks(range(len(names)), labels, fontsize=5.5)
    axes.set(ylim=(0, 1.22), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1.0])
    if names:
        axes.legend(loc="upper right", ncols=2)
    else:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center")
