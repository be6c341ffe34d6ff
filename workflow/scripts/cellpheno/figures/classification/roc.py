"""Draw the ROC curve of each class and group against all others (3E, 4F)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style


@style.styled
def draw(curves: pd.DataFrame, metrics: pd.DataFrame, split: str, palette: style.Palette) -> Figure:
    """Draw the curves, with the area under each and its interval in the legend."""
    curves = curves[curves["split"] == split]
    if curves.empty:
        return style.message(f"The split {split} has no annotated cells, so there is no ROC curve.")
    areas = metrics[(metrics["split"] == split) & (metrics["metric"] == "auc")].set_index("class")
    parts = [list(palette.classes), list(palette.groups)]
    parts = [[name for name in part if name in set(curves["class"])] for part in parts]
    parts = [part for part in parts if part]
    made = style.figure(style.PAGE_MM if len(parts) > 1 else 95, 88)
    for axes, part in zip(made.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        _draw_curves(axes, curves, areas, part, palette)
    style.say_units(made, areas)
    return made


def _draw_curves(
    axes: Axes, curves: pd.DataFrame, areas: pd.DataFrame, names: list[str], palette: style.Palette
) -> None:
    for row, name in enumerate(names):
        curve = curves[curves["class"] == name]
        axes.plot(
            curve["false_positive_rate"],
            curve["true_positive_rate"],
            color=palette[name],
            linestyle="--" if name in palette.groups and row else palette.line(name),
            label=f"{name}  {_area(areas, name)}",
        )
    axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.6, zorder=0)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1), ylim=(0, 1.01))
    axes.set_aspect("equal")
    kind = "group" if names[0] in palette.groups else "class"
    axes.set_title(f"each {kind} against the rest")
    axes.legend(loc="lower right", title="AUC [95% interval]", title_fontsize=6.5)


def _area(areas: pd.DataFrame, name: str) -> str:
    if name not in areas.index:
        return "no value"
    area = areas.loc[[name]].iloc[0]
    return "no value" if pd.isna(area["value"]) else style.with_interval(area)
