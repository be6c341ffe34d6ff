"""Draw which annotated class was taken for which class, for each classifier (C55, figure 7)."""

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from cellpheno.figures import style

MOST_COLUMNS = 3


@style.styled
def draw(confusion: pd.DataFrame, experiments: Sequence[str], palette: style.Palette) -> Figure:
    """Draw the share of each annotated class that is taken for each class, over all seeds."""
    part = confusion[confusion["experiment"].isin(experiments)]
    if not part["n"].sum():
        return style.message("There are no annotated cells to compare the classifiers with.")
    names, columns = list(palette.classes), min(MOST_COLUMNS, len(experiments))
    rows = -(-len(experiments) // columns)
    side = max(40, 15 * len(names))
    made = style.figure(min(style.PAGE_MM, columns * (side + 16)), rows * (side + 14))
    places = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(places, experiments, strict=False):
        own = part[part["experiment"] == name]
        numbers = own.pivot_table(index="label", columns="call", values="n", aggfunc="sum")
        numbers = numbers.reindex(index=names, columns=names).fillna(0).astype(int)
        totals = numbers.sum(axis=1)
        shares = numbers.div(totals.where(totals > 0), axis=0)
        sns.heatmap(
            shares, annot=True, fmt=".2f", vmin=0, vmax=1, cmap="Blues", square=True,
            linewidths=0.5, ax=axes, annot_kws={"fontsize": 7}, cbar=False,
        )  # fmt: skip
        trainings = own["seed"].nunique()
        cells = int(totals.sum()) // max(trainings, 1)
        axes.set_title(f"{name}\n({cells:,} cells, {trainings} training{'s'[: trainings > 1]})")
        axes.set(xlabel="taken for", ylabel="annotated")
        axes.tick_params(length=0)
        axes.tick_params(axis="y", rotation=0)
    for axes in places[len(experiments) :]:
        axes.set_axis_off()
    return made
