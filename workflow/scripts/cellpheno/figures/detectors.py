"""Detectors side by side on held-out fields (S2)."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

METRICS = {"recall": "recall", "precision": "precision", "f1": "F1"}
IOUS = {"0.1": "o", "0.5": "s"}


@style.styled
def draw(metrics: pd.DataFrame, speed: pd.DataFrame, described: Mapping[str, str]) -> Figure:
    """Draw recall, precision and F at two overlaps, and the time per field, of each detector.

    Parameters
    ----------
    metrics
        tables.DETECTION_METRICS of all detectors.
    speed
        tables.DETECTOR_SPEED.
    described
        Detector: its architecture and backbone, in the order to draw.
    """
    names = [name for name in described if name in set(metrics["detector"])]
    if not names:
        return style.message("No detectors were compared.")
    made = style.figure(style.PAGE_MM, 22 + 11 * len(names))
    panels = made.subplots(1, 4, sharey=True)
    test = metrics[metrics["split"] == "test"]
    for axes, (metric, label) in zip(panels, METRICS.items(), strict=False):
        draw_metric(axes, test, metric, names)
        axes.set(title=label, xlim=(0, 1.18), xticks=[0, 0.5, 1])
    draw_speed(panels[-1], speed, names)
    panels[0].set_yticks(range(len(names)), [f"{name}\n{described[name]}" for name in names])
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    panels[0].legend(loc="lower left", handletextpad=0.2)
    return made


def draw_metric(axes: Axes, test: pd.DataFrame, metric: str, names: list[str]) -> None:
    """Draw one metric of every detector, with 95 % intervals."""
    colours = style.OKABE_ITO
    for shift, colour, (iou, marker) in zip((-0.16, 0.16), colours, IOUS.items(), strict=False):
        part = test[test["metric"] == f"{metric}@{iou}"].set_index("detector").reindex(names)
        rows = [row + shift for row in range(len(names))]
        axes.hlines(rows, part["ci_low"], part["ci_high"], color=colour, linewidth=1)
        axes.plot(
            part["value"], rows, marker, color=colour, markersize=3.5, label=f"IoU {iou}", ls=""
        )
        for row, value, high in zip(rows, part["value"], part["ci_high"], strict=True):
            if pd.notna(value):
                right = value if pd.isna(high) else max(value, high)
                axes.text(right + 0.02, row, f"{value:.3f}", va="center", fontsize=5.5)


def draw_speed(axes: Axes, speed: pd.DataFrame, names: list[str]) -> None:
    """Draw the median time per field of every detector, and the middle half of the fields."""
    highest = 1.0
    for row, name in enumerate(names):
        taken = speed.loc[speed["detector"] == name, "milliseconds"]
        if len(taken):
            low, median, high = taken.quantile([0.25, 0.5, 0.75])
            axes.barh(row, median, 0.5, color="#BBBBBB")
            axes.hlines(row, low, high, color=style.INK, linewidth=0.8)
            axes.text(high, row, f" {median:.0f}", va="center", fontsize=5.5)
            highest = max(highest, high)
    axes.set(title="ms per field", xlim=(0, 1.3 * highest))
    sizes = speed[["width", "height"]].drop_duplicates()
    size = f"{sizes.iloc[0, 0]:.0f} x {sizes.iloc[0, 1]:.0f} px, " if len(sizes) == 1 else ""
    axes.set_xlabel(size + ", ".join(speed["device"].unique()))
