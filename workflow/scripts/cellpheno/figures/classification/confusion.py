"""Draw which annotated class was called which class."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from cellpheno.figures import style


@style.styled
def draw(confusion: pd.DataFrame, split: str, palette: style.Palette) -> Figure:
    """Draw the share of each annotated class that was called each class, with numbers of cells."""
    part = confusion[confusion["split"] == split]
    if not part["n"].sum():
        return style.message(f"The split {split} has no annotated cells to compare calls with.")
    names = list(palette.classes)
    numbers = part.pivot_table(index="label", columns="call", values="n", aggfunc="sum")
    numbers = numbers.reindex(index=names, columns=names).fillna(0).astype(int)
    shares = numbers.div(numbers.sum(axis=1), axis=0)
    texts = shares.map(lambda share: "" if pd.isna(share) else f"{100 * share:.0f}%")
    texts = texts + "\n" + numbers.astype(str)
    side = 30 + 12 * len(names)
    made = style.figure(min(side + 14, style.PAGE_MM), min(side, style.PAGE_MM))
    axes = made.subplots()
    sns.heatmap(
        shares,
        annot=texts.where(numbers > 0, ""),
        fmt="",
        vmin=0,
        vmax=1,
        cmap="Blues",
        square=True,
        linewidths=0.5,
        ax=axes,
        annot_kws={"fontsize": 6},
        cbar_kws={"label": "share of the annotated class", "shrink": 0.7},
    )
    right = numbers.to_numpy().trace()
    axes.set_title(f"{split}: {right:,} of {numbers.to_numpy().sum():,} right")
    axes.set(xlabel="called", ylabel="annotated")
    axes.set_yticklabels([f"{name} ({total:,})" for name, total in numbers.sum(axis=1).items()])
    axes.tick_params(length=0)
    style.name_ticks(axes, names, [row + 0.5 for row in range(len(names))], room=9 * len(names))
    axes.tick_params(axis="y", rotation=0)
    return made
