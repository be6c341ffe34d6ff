"""Compare detectors on held-out fields (S2)."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.detection.detection import AT_THRESHOLD

METRICS = {"recall": "recall", "precision": "precision", "f1": "F1"}
IOUS = {"0.1": "o", "0.5": "s"}


@style.styled
def draw(
    metrics: pd.DataFrame,
    compared: pd.DataFrame,
    speed: pd.DataFrame,
    described: Mapping[str, str],
) -> Figure:
    """Draw recall, precision and F at two overlaps, and the time per field, of each detector.

    `compared` (tables.COMPARED) says how each differs from the first. `described` maps detectors to
    architecture and backbone, in the order to draw.
    """
    names = [name for name in described if name in set(metrics["detector"])]
    if not names:
        return style.message("No detectors were compared.")
    made = style.figure(style.PAGE_MM, 22 + 11 * len(names))
    panels = made.subplots(1, 4, sharey=True)
    test = metrics[metrics["split"] == "test"]
    for axes, (metric, label) in zip(panels, METRICS.items(), strict=False):
        found = style.verdicts(compared, f"{metric}@0.5{AT_THRESHOLD}", names[0])
        draw_metric(axes, test, metric, names, found)
        axes.set(title=label, xlim=(0, 1.7), xticks=[0, 0.5, 1])
    draw_speed(panels[-1], speed, names)
    style.say_units(made, test[test["metric"].str.endswith(AT_THRESHOLD)])
    panels[0].set_yticks(range(len(names)), [f"{name}\n{described[name]}" for name in names])
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    label = "every score that is kept"
    panels[0].plot([], [], "o", color=style.INK, mfc="white", mew=0.7, markersize=3.5, label=label)
    made.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False
    )
    return made


def draw_metric(
    axes: Axes, test: pd.DataFrame, metric: str, names: list[str], verdicts: Mapping[str, str]
) -> None:
    """Draw a metric of every detector with 95 % intervals, and hollow for all its scores."""
    colours = style.OKABE_ITO
    for shift, colour, (iou, marker) in zip((-0.16, 0.16), colours, IOUS.items(), strict=False):
        rows = [row + shift for row in range(len(names))]
        every = _of(test, f"{metric}@{iou}", names)
        chosen = _of(test, f"{metric}@{iou}{AT_THRESHOLD}", names)
        look: dict[str, Any] = {"color": colour, "markersize": 3.5, "ls": ""}
        axes.plot(every["value"], rows, marker, mfc="white", mew=0.7, **look)
        axes.hlines(rows, chosen["ci_low"], chosen["ci_high"], color=colour, linewidth=1)
        axes.plot(chosen["value"], rows, marker, label=f"IoU {iou}", **look)
        for row, value, high, other in zip(
            rows, chosen["value"], chosen["ci_high"], every["value"], strict=True
        ):
            if pd.notna(value):
                right = max(number for number in (value, high, other) if pd.notna(number))
                verdict = verdicts.get(names[round(row)], "") if iou == "0.5" else ""
                said = f"{value:.3f} {verdict}".strip()
                axes.text(right + 0.03, row, said, va="center", fontsize=5.5)


def _of(test: pd.DataFrame, metric: str, names: list[str]) -> pd.DataFrame:
    return test[test["metric"] == metric].set_index("detector").reindex(names)


def draw_speed(axes: Axes, speed: pd.DataFrame, names: list[str]) -> None:
    """Draw the median time per field of every detector, with quartiles."""
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
    size = "{:.0f} x {:.0f} px, ".format(*sizes.to_numpy()[0]) if len(sizes) == 1 else ""
    axes.set_xlabel(size + ", ".join(speed["device"].unique()))
