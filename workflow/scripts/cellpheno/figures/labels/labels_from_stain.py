"""Draw classes from the brightness of a stain: mixture, bounds, labels (L11 to L13)."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import FixedLocator, NullFormatter
from scipy import stats

from cellpheno.figures import style

BINS = 70
MOST_DOTS = 6000
TICKS = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]
"""Ticks of a logarithmic axis of counts."""
BETWEEN = "#DDCC77"
"""Colour of patches of neither class."""
EXAMPLES = 5
"""Examples of each class."""

Pair = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
"""A patch as the composite, [height, width, 3], and its stain, [height, width]."""


def choose(labelled: pd.DataFrame) -> pd.DataFrame:
    """Return a few random patches or objects of each class."""
    known = labelled.dropna(subset="label")
    return known.sample(frac=1, random_state=0).groupby("label").head(EXAMPLES)


@style.styled
def draw(
    labelled: pd.DataFrame,
    mixture: pd.DataFrame,
    conditions: pd.Series,
    palette: style.Palette,
    scale: str,
    banded: bool = True,
    pictures: Mapping[str, Sequence[Pair]] | None = None,
) -> Figure:
    """Draw the histogram with the fitted mixture, and every label over its brightness.

    `conditions` maps fields to conditions. The distributions are normal on the `scale` `counts` or
    `log`. Bounds exist if `banded`, when patches between them were discarded. `pictures`, examples
    of each class, are drawn below.
    """
    made = style.figure(style.PAGE_MM, 120 if pictures else 76)
    places = made.add_gridspec(
        2 if pictures else 1, 2, height_ratios=[76, 44][: 1 + bool(pictures)]
    )
    left, right = (made.add_subplot(places[0, column]) for column in range(2))
    for column, (name, examples) in enumerate((pictures or {}).items()):
        _examples(places[1, column], name, examples, palette)
    values = mixture.set_index(["class", "metric"])["value"]
    names = [name for name in palette.classes if (name, "mean") in values.index]
    _histogram(left, labelled, values, names, palette, scale)
    _dots(right, labelled, conditions, palette)
    limits = np.quantile(labelled["value"], [0.0, 0.998])
    for axes in (left, right):
        for name in names if banded else []:
            bound = values.get((name, "bound_counts"), np.nan)
            if np.isfinite(bound):
                axes.axvline(
                    bound, color=style.as_ink(palette[name]), linestyle="--", linewidth=0.9
                )
        if scale == "log":
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(FixedLocator(TICKS))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_xlim(limits[0] - 0.04 * np.ptp(limits), limits[1])
        axes.set_xlabel("mean of the stain (raw counts)")
    return made


def _histogram(
    axes: Axes,
    labelled: pd.DataFrame,
    values: pd.Series,
    names: list[str],
    palette: style.Palette,
    scale: str,
) -> None:
    fitted = labelled.loc[labelled["fitted"], "value"].to_numpy()
    if scale == "log":
        fitted = fitted[fitted > 0]
        edges = np.geomspace(fitted.min(), fitted.max(), BINS)
    else:
        edges = np.linspace(fitted.min(), np.quantile(fitted, 0.998), BINS)
    axes.hist(fitted, list(edges), color="#DDDDDD", label=f"fitted on ({len(fitted):,})")
    middles = np.sqrt(edges[1:] * edges[:-1]) if scale == "log" else (edges[1:] + edges[:-1]) / 2
    ends = np.log(edges) if scale == "log" else edges
    for name in names:
        mean, sd, weight = (values[name, key] for key in ("mean", "sd", "weight"))
        expected = len(fitted) * weight * np.diff(stats.norm.cdf(ends, mean, sd))
        counts = values.get((name, "mean_counts"), mean)
        text = f"{name}: {counts:.0f}" + (f" ± {sd:.0f}" if scale == "counts" else " (geometric)")
        axes.plot(middles, expected, color=style.as_ink(palette[name]), label=text)
    verdict = "separate" if values.get(("all", "separates"), 0) == 1 else "NOT separate"
    axes.set(ylabel="number", title=f"{verdict}: Ashman's D {values['all', 'ashman_d']:.2f}")
    axes.legend(title="component: mean ± sd" if scale == "counts" else None)


def _examples(place: SubplotSpec, name: str, pairs: Sequence[Pair], palette: style.Palette) -> None:
    """Draw patches of one class, and below them their stain."""
    axes = place.subgridspec(2, EXAMPLES, wspace=0.05, hspace=0.05).subplots(squeeze=False)
    style.bare(axes)
    for column, (image, stain) in enumerate(pairs):
        axes[0, column].imshow(image)
        axes[1, column].imshow(stain, cmap="gray", vmin=0, vmax=255)
    axes[0, 0].set_title(name, loc="left", color=style.as_ink(palette[name]))
    axes[1, 0].set_ylabel("stain")


def _dots(
    axes: Axes, labelled: pd.DataFrame, conditions: pd.Series, palette: style.Palette
) -> None:
    """Draw a row of dots for each condition, spread at random to be visible."""
    random = np.random.default_rng(0)
    rows = random.permutation(len(labelled))[:MOST_DOTS]
    shown = labelled.iloc[rows].assign(condition=lambda t: t["field"].map(conditions))
    names = [name for name in palette.conditions if (shown["condition"] == name).any()]
    rank = shown["condition"].map({name: -row for row, name in enumerate(names)})
    height = rank + random.uniform(-0.36, 0.36, len(shown))
    looks: dict[str | None, str] = {name: palette[name] for name in palette.classes}
    looks[None] = BETWEEN
    for name, colour in looks.items():
        part = shown["label"].isna() if name is None else shown["label"] == name
        if not part.any():
            continue
        number = (
            labelled["label"].isna().sum() if name is None else (labelled["label"] == name).sum()
        )
        axes.scatter(
            shown.loc[part, "value"],
            height[part],
            s=2.5,
            color=colour,
            linewidths=0,
            rasterized=True,
            label=f"{name or 'between, discarded'} ({number:,})",
        )
    axes.set_yticks([-row for row in range(len(names))], [fill(name, 14) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-len(names) + 0.4, 0.6)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, markerscale=3, handletextpad=0
    )
