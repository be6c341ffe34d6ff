"""Draw the score from bright field over the brightness of the stain (L24, L25, Fig. 4b)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cellpheno.figures import style
from cellpheno.figures.labels.labels_from_stain import BETWEEN

MOST_DOTS = 5000
METHODS = ("patches as independent", "over groups", "means of groups")


@style.styled
def draw(
    scores: pd.DataFrame,
    metrics: pd.DataFrame,
    sets: pd.Series,
    palette: style.Palette,
    dim: str,
) -> Figure:
    """Draw every labelled patch of the test fields, a panel for each data set.

    Scores and metrics are those of one classifier; `sets` maps fields to data sets. The score is
    the probability of `dim`.
    """
    shown = scores.assign(data_set=scores["field"].map(sets)).dropna(subset=["mean"])
    there = set(shown["data_set"])
    names = [name for name in dict.fromkeys(metrics["tested_on"]) if name in there]
    if not names:
        return style.message("No test field has a stain to compare the score with.")
    made = style.figure(min(style.PAGE_MM, 92 * len(names)), 82)
    axes = made.subplots(1, len(names), squeeze=False, sharey=True)[0]
    for place, name in zip(axes, names, strict=True):
        _panel(place, shown[shown["data_set"] == name], palette)
        place.set_title(name)
        own = metrics[(metrics["tested_on"] == name) & (metrics["metric"] == "pearson_r")]
        place.set_xlabel(f"mean of the stain (raw counts)\n\n{_correlations(own)}", linespacing=1.3)
    axes[0].set_ylabel(f"score (probability of {dim})")
    handles = [*palette.handles(palette.classes), Patch(facecolor=BETWEEN, label="between")]
    axes[-1].legend(handles=handles, loc="upper right", handlelength=1, handleheight=1)
    return made


def _panel(axes: Axes, part: pd.DataFrame, palette: style.Palette) -> None:
    rows = np.random.default_rng(0).permutation(len(part))[:MOST_DOTS]
    part = part.iloc[rows]
    colours = part["label"].map({name: palette[name] for name in palette.classes})
    axes.scatter(
        part["mean"],
        part["score"],
        s=float(np.clip(6000 / max(1, len(part)), 1.5, 9)),
        c=colours.astype(object).where(part["label"].notna(), BETWEEN).tolist(),
        linewidths=0,
        alpha=0.75,
        rasterized=True,
    )
    axes.axhline(0.5, color="#BBBBBB", linewidth=0.6, zorder=0)
    axes.set(ylim=(-0.02, 1.02))
    if len(part):
        axes.set_xlim(part["mean"].min() * 0.95, np.quantile(part["mean"], 0.998))


def _correlations(own: pd.DataFrame) -> str:
    """Return Pearson's r with interval and p, for each choice of independent units."""
    lines = []
    for method in METHODS:
        rows = own[own["method"] == method]
        if rows.empty or pd.isna(rows["value"].iloc[0]):
            continue
        row = rows.iloc[0]
        p = "" if pd.isna(row["p"]) else f", p {_p(row['p'])}"
        lines.append(f"{method}: r = {style.with_interval(row, 2)}{p}")
    return "\n".join(lines)


def _p(value: float) -> str:
    return "< 1e-16" if value < 1e-16 else f"= {value:.2g}"
