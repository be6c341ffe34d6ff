"""Compare the model with the annotators, and these with each other (figure S6)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellpheno.annotations.human_model import ALL_CLASSES, MODEL
from cellpheno.figures import style

METRICS = {"accuracy": "accuracy", "kappa": "Cohen's kappa"}
COLOURS = {"with the model": style.OKABE_ITO[0], "without the model": style.CONTROL}


@style.styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw accuracy and kappa of each two raters, for all classes and for the two-way call.

    Of several groups in tables.HUMAN_MODEL the first is drawn, without raters who share no field.
    """
    compared = table[table["metric"].isin(METRICS)].dropna(subset=["value"])
    pairs = compared[["reference", "rater"]].drop_duplicates().to_numpy().tolist()
    if not pairs:
        return style.message("There are no annotators to compare with the model.")
    calls = table["call"].unique().tolist()[:2]
    made = style.figure(style.PAGE_MM, 30 + 5.5 * len(pairs))
    panels = made.subplots(1, 2 * len(calls), sharey=True)
    places = [(call, metric) for call in calls for metric in METRICS]
    for axes, (call, metric) in zip(panels, places, strict=True):
        part = table[(table["call"] == call) & (table["metric"] == metric)]
        _draw_metric(axes, part.set_index(["reference", "rater"]), pairs)
        named = call if call == ALL_CLASSES else f"{call} or not"
        axes.set(title=named, xlabel=METRICS[metric])
    panels[0].set_yticks(range(len(pairs)), [f"{rater} – {first}" for first, rater in pairs])
    panels[0].set_ylim(len(pairs) - 0.5, -0.5)
    style.say_units(made, compared)
    handles = [Line2D([], [], color=c, marker="o", ls="-", label=n) for n, c in COLOURS.items()]
    made.legend(handles=handles, loc="outside lower center", ncols=2)
    return made


def _draw_metric(axes: Axes, values: pd.DataFrame, pairs: list[list[str]]) -> None:
    """Draw one metric of each two raters, with 95 % intervals."""
    for row, (reference, rater) in enumerate(pairs):
        value, low, high = values.loc[(reference, rater), ["value", "ci_low", "ci_high"]].to_numpy()
        colour = COLOURS["with the model" if rater == MODEL else "without the model"]
        axes.hlines(row, low, high, color=colour, linewidth=1)
        axes.plot(value, row, "o", color=colour, markersize=3.5)
        if pd.notna(value):
            axes.text(1.04, row, f"{value:.3f}", va="center", fontsize=5.5)
    lowest = float(values[["value", "ci_low"]].min().min())
    axes.set_xlim(min(0.5, lowest - 0.05) if pd.notna(lowest) else 0, 1.2)
    axes.set_xticks([0.6, 0.8, 1.0] if axes.get_xlim()[0] >= 0.4 else [0, 0.5, 1.0])
    axes.axvline(1, color="#BBBBBB", linewidth=0.6, zorder=0)
