"""Draw the filter of empty patches: features as a barcode, decision over t-SNE (L10, Fig. 2b)."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellpheno.figures import style

COLOURS = {"good": "#44AA99", "empty": "#882255"}
SHOWN = 7
"""Pictures of each kind."""
LIMIT = 2.5
"""Standard deviations at which the barcode's grey ends."""


@style.styled
def draw(
    examples: pd.DataFrame,
    features: npt.NDArray[np.float32],
    crops: npt.NDArray[np.uint8],
    surface: pd.DataFrame,
    metrics: pd.DataFrame,
) -> Figure:
    """Draw example patches, their features and the filter's decision over the t-SNE plane.

    Features [n, D] and crops [n, S, S, 3] are those of the n examples.
    """
    made = style.figure(style.PAGE_MM, 92)
    left, right = made.subfigures(1, 2, False, width_ratios=[1.25, 1])[0]
    pictures, below = left.subfigures(2, 1, height_ratios=[1.0, 1.35])
    _pictures(pictures.subplots(len(COLOURS), SHOWN), examples, crops)
    _barcode(below.subplots(), examples, features, str(metrics["features"].iloc[0]))
    _plane(right.subplots(), examples, surface, metrics)
    return made


def _pictures(
    places: npt.NDArray[np.object_], examples: pd.DataFrame, crops: npt.NDArray[np.uint8]
) -> None:
    for row, label in zip(places, COLOURS, strict=True):
        rows = np.flatnonzero(examples["label"] == label)
        chosen = np.random.default_rng(0).permutation(rows)[:SHOWN]
        style.bare(row)
        for axes, index in zip(row, chosen, strict=False):
            axes.imshow(crops[index])
            if examples["predicted"].iloc[index] != label:
                axes.spines[:].set(visible=True, color=style.ALERT, linewidth=1.4)
        row[0].set_ylabel(label, color=style.as_ink(COLOURS[label]))


def _barcode(
    axes: Axes, examples: pd.DataFrame, features: npt.NDArray[np.float32], name: str
) -> None:
    """Draw a row for each example, a column for each feature by its difference between classes."""
    good = (examples["label"] == "good").to_numpy()
    spread = features.std(axis=0)
    scores = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    difference = scores[good].mean(axis=0) - scores[~good].mean(axis=0)
    rows = np.concatenate([np.flatnonzero(good), np.flatnonzero(~good)])
    image = scores[rows][:, np.argsort(-difference, kind="stable")]
    drawn = axes.imshow(
        image, cmap="gray", vmin=-LIMIT, vmax=LIMIT, aspect="auto", interpolation="nearest"
    )
    border = int(good.sum())
    axes.axhline(border - 0.5, color=style.ALERT, linewidth=0.8)
    axes.set_yticks([border / 2, (border + len(rows)) / 2], ["good", "empty"])
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel=f"{features.shape[1]} features ({name}), by difference of means")
    axes.figure.colorbar(drawn, ax=axes, label="sd from mean", fraction=0.05, aspect=16)


def _plane(
    axes: Axes, examples: pd.DataFrame, surface: pd.DataFrame, metrics: pd.DataFrame
) -> None:
    grid = surface.pivot_table(index="tsne_2", columns="tsne_1", values="decision")
    limit = float(np.abs(grid.to_numpy()).max())
    levels = np.linspace(-limit, limit, 13)
    x, y = grid.columns.to_numpy(float), grid.index.to_numpy(float)
    drawn = axes.contourf(x, y, grid.to_numpy(), levels, cmap="BrBG", alpha=0.55)
    if (grid.to_numpy() > 0).any() and (grid.to_numpy() < 0).any():
        axes.contour(x, y, grid.to_numpy(), [0.0], colors=style.INK, linewidths=0.9)
    wrong = (examples["predicted"] != examples["label"]).to_numpy()
    for label, colour in COLOURS.items():
        part = (examples["label"] == label).to_numpy()
        axes.scatter(
            examples.loc[part, "tsne_1"],
            examples.loc[part, "tsne_2"],
            s=9,
            color=colour,
            linewidths=0.3,
            edgecolors="white",
            label=f"{label} ({part.sum()})",
        )
    if wrong.any():
        axes.scatter(
            examples.loc[wrong, "tsne_1"],
            examples.loc[wrong, "tsne_2"],
            s=26,
            facecolors="none",
            edgecolors=style.ALERT,
            linewidths=0.9,
            label=f"wrong when held out ({wrong.sum()})",
        )
    axes.set(xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[], title=_score(metrics))
    axes.set_box_aspect(0.9)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2, handletextpad=0.2)
    bar = axes.figure.colorbar(drawn, ax=axes, label="decision (above 0: good)", shrink=0.7)
    bar.set_ticks([-limit, 0, limit], labels=[f"{-limit:.1f}", "0", f"{limit:.1f}"])


def _score(metrics: pd.DataFrame) -> str:
    """Return the F1 of empty patches with its interval."""
    rows = metrics[(metrics["class"] == "empty") & (metrics["metric"] == "f1")]
    if rows.empty or pd.isna(rows["value"].iloc[0]):
        return "held-out F1 not known"
    row = rows.iloc[0]
    return f"F1 of empty patches, held out:\n{style.with_interval(row)}, {row['n_clusters']} groups"
