"""Draw calls by both decision rules over their threshold."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

RULES = {"argmax": "-", "best_positive": "--"}


@style.styled
def draw(swept: pd.DataFrame, palette: style.Palette, rule: str, threshold: float) -> Figure:
    """Draw the metrics of all classes and of the target cells over the threshold of both rules.

    `rule` and `threshold` are those of the study.
    """
    split = "test" if (swept["split"] == "test").any() else "val"
    part = swept[swept["split"] == split]
    if part.empty:
        return style.message("No annotated cell was called, so no threshold can be judged.")
    made = style.figure(style.PAGE_MM, 75)
    overall, target = made.subplots(1, 2)
    for number, (metric, label) in enumerate(
        [("balanced_accuracy", "mean recall of the classes"), ("macro_f1", "mean F1")]
    ):
        draw_metric(overall, part, "all", metric, style.OKABE_ITO[number], label)
    overall.set_title(f"all classes, {split} fields")
    # the study's target is the first group, or without groups the first positive class
    name = next(iter(palette.groups), None) or palette.positives[0]
    for number, metric in enumerate(("sensitivity", "precision", "f1")):
        draw_metric(target, part, name, metric, style.OKABE_ITO[number], metric)
    target.set_title(f"{name} against the rest")
    for axes in (overall, target):
        axes.axvline(threshold, color=style.INK, linewidth=0.6, linestyle=":")
        axes.set(xlabel="threshold (probability)", ylabel="share", ylim=(0, 1.03), xlim=(0, 1))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    overall.text(threshold + 0.01, 1.0, f"used: {rule}, {threshold:g}", fontsize=5.5, va="top")
    return made


def draw_metric(
    axes: Axes, part: pd.DataFrame, name: str, metric: str, colour: str, label: str
) -> None:
    """Draw a metric of one class or group with a line for each rule."""
    for rule, line in RULES.items():
        curve = part[
            (part["rule"] == rule) & (part["class"] == name) & (part["metric"] == metric)
        ].sort_values("threshold")
        axes.plot(curve["threshold"], curve["value"], line, color=colour, label=f"{label}, {rule}")
