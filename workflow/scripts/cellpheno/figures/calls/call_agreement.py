"""Compare called cells with annotated ones: average precision by class, and cells per field."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

ALL = "all"


def shown_split(metrics: pd.DataFrame) -> str:
    """Return the split that the figure shows: test, or val if no field is in test."""
    return "test" if (metrics["split"] == "test").any() or metrics.empty else "val"


@style.styled
def draw(metrics: pd.DataFrame, counts: pd.DataFrame, split: str, palette: style.Palette) -> Figure:
    """Draw average precision of each class, and each field by its annotated and called cells."""
    metrics = metrics[metrics["split"] == split]
    if metrics.empty:
        return style.message("No annotated field lies in test or val.")
    made = style.figure(style.PAGE_MM, max(66.0, 20 + 6.0 * len(palette.classes)))
    left, right = made.subplots(1, 2)
    style.say_units(made, metrics[metrics["metric"].str.contains("ap@")])
    _draw_precision(left, metrics, palette)
    _draw_counts(right, counts[counts["class"] == ALL], metrics, split)
    return made


def _draw_precision(axes: Axes, metrics: pd.DataFrame, palette: style.Palette) -> None:
    names = list(palette.classes)
    names += [ALL] * (len(names) > 1)  # the mean of one class is its own
    for shift, ending, alpha in [(-0.2, "0.5", 1.0), (0.2, "0.5:0.95", 0.45)]:
        wanted = [f"{'map' if name == ALL else 'ap'}@{ending}" for name in names]
        keys = list(zip(names, wanted, strict=True))
        own = metrics.set_index(["class", "metric"]).reindex(keys)
        places = [row + shift for row in range(len(names))]
        colours = [style.INK if name == ALL else palette[name] for name in names]
        axes.barh(places, own["value"], 0.38, color=colours, alpha=alpha)
        axes.hlines(places, own["ci_low"], own["ci_high"], color=style.ALERT, linewidth=0.8)
        for place, value in zip(places, own["value"], strict=True):
            text = "not annotated" if pd.isna(value) else f"{value:.2f} at {ending}"
            axes.text(0.01, place, text, va="center", fontsize=5, color=style.INK, zorder=4)
            axes.texts[-1].set_bbox({"facecolor": "white", "alpha": 0.7, "pad": 0.4, "lw": 0})
    axes.set_yticks(range(len(names)), ["mean (mAP)" if name == ALL else name for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set(xlim=(0, 1), xlabel="average precision of called cells")
    axes.set_title("IoU 0.5 (full) and 0.5 to 0.95 (pale)")


def _draw_counts(axes: Axes, counts: pd.DataFrame, metrics: pd.DataFrame, split: str) -> None:
    most = max(1, int(counts[["called", "annotated"]].to_numpy().max()))
    axes.plot([0, most], [0, most], color=style.NEGATIVE, linestyle="--", linewidth=0.7)
    axes.scatter(counts["annotated"], counts["called"], s=10, color=style.OKABE_ITO[0], alpha=0.7)
    own = metrics[metrics["class"] == ALL].set_index("metric")["value"]
    r = own["cells_per_field_correlation"]
    numbers = (
        f"bias {own['cells_per_field_bias']:+.2f}, "
        f"mean error {own['cells_per_field_error']:.2f}, "
        f"r {'undefined' if pd.isna(r) else f'= {r:.3f}'}"
    )
    axes.set(xlabel="annotated cells in a field", ylabel="called cells in a field")
    axes.set_title(f"cells of each {split} field\n{numbers}")
