"""Draw the share of live patches of each condition over time, from bright field and stain."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType

from cellpheno.figures import style

ALL = "all"
SOURCES: dict[str, tuple[LineStyleType, str, float]] = {
    "bright-field": ("-", "o", -0.07),
    "fluorescence": ("--", "s", 0.07),
}
"""Line, marker and horizontal shift."""


@style.styled
def draw(
    viability: pd.DataFrame,
    planted: pd.DataFrame | None,
    palette: style.Palette,
    time: str | None,
    live: str,
) -> Figure:
    """Draw a panel for each condition: its viability with 95 % intervals, and its wells.

    Simulated studies have `planted`, tables.PLANTED_VIABILITY. `time` is the name of the time, if
    there are several.
    """
    if viability.empty:
        return style.message("No field is left whose viability could be estimated.")
    moments = [name for name in dict.fromkeys(viability["time"]) if name != ALL] or [ALL]
    moments = sorted(moments, key=_order)
    colours = palette.of_conditions(viability["condition"])
    made = style.figure(min(style.PAGE_MM, max(style.COLUMN_MM, 80 * len(colours))), 78)
    places = made.subplots(1, len(colours), squeeze=False, sharey=True)[0]
    for axes, (name, colour) in zip(places, colours.items(), strict=True):
        own = viability[viability["condition"] == name]
        _condition(axes, own, moments, colour)
        if planted is not None:
            part = planted[planted["condition"] == name].drop_duplicates("time")
            part = part[part["time"].isin(moments)]
            axes.scatter(
                [moments.index(moment) for moment in part["time"]],
                part["planted"],
                marker="_",
                s=260,
                color=style.INK,
                linewidths=1.3,
                zorder=5,
            )
        if own["viability"].isna().all():
            axes.text(0.5, 0.5, "no value", transform=axes.transAxes, ha="center")
        axes.set_title(name)
        axes.set_xticks(range(len(moments)), moments if time else [""])
        axes.set(xlim=(-0.4, len(moments) - 0.6), ylim=(-0.02, 1.02), xlabel=time or "")
        style.percent(axes)
    places[0].set_ylabel(f"share of {live} patches")
    made.legend(handles=_handles(viability, planted), loc="outside lower center", ncols=4)
    return made


def _condition(axes: Axes, own: pd.DataFrame, moments: list[str], colour: str) -> None:
    for source, (line, mark, shift) in SOURCES.items():
        part = own[(own["source"] == source) & own["time"].isin(moments)]
        units = part[part["level"] == _units(part)]
        axes.scatter(
            [moments.index(time) + shift for time in units["time"]],
            units["viability"],
            s=7,
            marker=mark,
            color=colour,
            alpha=0.35,
            linewidths=0,
        )
        mean = part[part["level"] == "condition"]
        mean = mean.assign(place=[moments.index(time) for time in mean["time"]])
        mean = mean.sort_values("place")
        errors = mean[["ci_low", "ci_high"]].sub(mean["viability"], axis=0).abs().to_numpy().T
        axes.errorbar(
            mean["place"] + shift,
            mean["viability"],
            errors,
            linestyle=line,
            marker=mark,
            markersize=4,
            capsize=2,
            color=colour,
        )


def _units(part: pd.DataFrame) -> str:
    """Return the units behind a condition's interval."""
    units = part.loc[part["level"] == "condition", "unit"]
    return str(units.iloc[0]) if len(units) else "field"


def _handles(viability: pd.DataFrame, planted: pd.DataFrame | None) -> list[Line2D]:
    grey = style.CONTROL
    handles = [
        Line2D([], [], color=grey, linestyle=line, marker=mark, markersize=4, label=source)
        for source, (line, mark, _) in SOURCES.items()
        if (viability["source"] == source).any()
    ]
    unit = {"group": "a well", "field": "a field"}[_units(viability)]
    handles.append(
        Line2D([], [], color=grey, alpha=0.4, linestyle="", marker="o", markersize=3, label=unit)
    )
    if planted is not None:
        handles.append(
            Line2D(
                [], [], color=style.INK, linestyle="", marker="_", markersize=12, label="planted"
            )
        )
    return handles


def _order(moment: str) -> tuple[float, str]:
    try:
        return float(moment), ""
    except ValueError:
        return float("inf"), moment
