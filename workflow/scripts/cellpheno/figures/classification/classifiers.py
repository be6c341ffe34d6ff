"""Compare classifiers on held-out fields (S4)."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

METRICS = {"balanced_accuracy": "mean recall", "macro_f1": "mean F1", "mean_auc": "mean AUC"}


@style.styled
def draw(metrics: pd.DataFrame, compared: pd.DataFrame, described: Mapping[str, str]) -> Figure:
    """Draw recall, F and AUC, each the mean over classes, of every classifier.

    `compared` (tables.COMPARED) says how each differs from the first. `described` maps experiments
    to their backbones, in the order to draw.
    """
    test = metrics[(metrics["split"] == "test") & (metrics["class"] == "all")]
    names = [name for name in described if name in set(test["experiment"])]
    if not names:
        return style.message("No classifiers were compared.")
    made = style.figure(style.PAGE_MM, 22 + 9 * len(names))
    panels = made.subplots(1, len(METRICS), sharey=True)
    for axes, (metric, label) in zip(panels, METRICS.items(), strict=True):
        found = style.verdicts(compared, metric, names[0])
        draw_metric(axes, test[test["metric"] == metric], names, found)
        axes.set(title=label, xlim=(0, 1.25), xticks=[0, 0.25, 0.5, 0.75, 1])
    shown = test[(test["seed"] == "mean") & test["metric"].isin(METRICS)]
    style.say_units(made, shown)
    labels = [name if name == described[name] else f"{name}\n{described[name]}" for name in names]
    panels[0].set_yticks(range(len(names)), labels)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    return made


def draw_metric(
    axes: Axes, part: pd.DataFrame, names: list[str], verdicts: Mapping[str, str]
) -> None:
    """Draw one metric: the mean over seeds with its interval, and each seed as a point."""
    mean = part[part["seed"] == "mean"].set_index("experiment").reindex(names)
    rows = range(len(names))
    axes.hlines(rows, mean["ci_low"], mean["ci_high"], color=style.OKABE_ITO[0], linewidth=1.2)
    axes.plot(mean["value"], rows, "o", color=style.OKABE_ITO[0], markersize=4)
    seeds = part[part["seed"] != "mean"]
    if len(set(seeds["seed"])) > 1:
        places = [names.index(name) + 0.22 for name in seeds["experiment"]]
        axes.plot(seeds["value"], places, ".", color=style.NEGATIVE, markersize=3)
    for row, value, high in zip(rows, mean["value"], mean["ci_high"], strict=True):
        if pd.notna(value):
            right = value if pd.isna(high) else max(value, high)
            said = f"{value:.3f}\n{verdicts.get(names[row], '')}".strip()
            axes.text(right + 0.02, row, said, va="center", fontsize=5.5)
