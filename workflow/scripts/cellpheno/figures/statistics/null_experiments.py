"""Draw how often each test finds a difference in experiments that have none."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.statistics.effects import CORRECTIONS, test_name
from cellpheno.tables.statistics import NULL_SCOPES


@style.styled
def draw(rates: pd.DataFrame, palette: style.Palette) -> Figure:
    """Draw false-positive rates with their intervals, and the nominal rate."""
    if rates.empty:
        return style.message("There is nothing to compare in null experiments.")
    single, whole = (rates[rates["scope"] == scope] for scope in NULL_SCOPES)
    names = list(single["class"].unique())
    # names of two lines need room; rows of one name share theirs
    made = style.figure(style.PAGE_MM, 26 + max(2.6 * len(single), 6.5 * len(whole)))
    left, right = made.subplots(1, 2)
    draw_rates(
        left,
        single,
        [
            f"{test_name(test, [design])}\nof {unit}s"
            for test, unit, design in single[["test", "unit", "design"]].to_numpy()
        ],
        [palette[name] for name in single["class"]],
    )
    left.set_title(f"one comparison with {single['condition'].iloc[0]}, uncorrected")
    draw_rates(
        right,
        whole,
        [
            f"{test_name(test, [design])}\nof {unit}s, {CORRECTIONS[correction]}"
            for test, unit, design, correction in whole[
                ["test", "unit", "design", "correction"]
            ].to_numpy()
        ],
        [style.INK] * len(whole),
    )
    right.set_title("any comparison of an experiment")
    made.legend(
        handles=palette.handles(names), loc="outside lower center", ncols=style.columns(names, 8)
    )
    return made


def draw_rates(
    axes: Axes, rates: pd.DataFrame, names: Sequence[str], colours: Sequence[str]
) -> None:
    """Draw a row for each rate, rows of one name together, and the nominal rate as a line."""
    places, place = [], -1.0
    for row, name in enumerate(names):
        place += 1.0 if row and name == names[row - 1] else 2.0
        places.append(place)
    axes.axvline(rates["nominal"].iloc[0], color=style.INK, linestyle="--", linewidth=0.7)
    axes.hlines(places, rates["ci_low"], rates["ci_high"], colors=colours, linewidth=1)
    axes.scatter(rates["rate"], places, s=12, c=colours, linewidths=0, zorder=3)
    middles = pd.Series(places).groupby(pd.Series(names), sort=False).mean()
    axes.set_yticks(middles, middles.index)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(place + 1, 0)
    axes.set_xlim(0, max(0.15, 1.05 * float(rates["ci_high"].max())))
    axes.set_xlabel("false-positive rate (dashed: nominal)")
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")
