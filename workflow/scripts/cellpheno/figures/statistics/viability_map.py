"""Draw live and dead patches over the field, next to the field itself."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from cellpheno.figures import style

EACH = 2
"""Fields of each condition."""
MAP = "RdYlBu"


@dataclasses.dataclass(frozen=True)
class Panel:
    """One field."""

    condition: str
    name: str
    picture: npt.NDArray[np.uint8]
    """[height, width, 3]."""
    stain: npt.NDArray[np.uint8] | None
    """[height, width], if there is a stain."""
    places: pd.DataFrame
    """Its rows of tables.VIABILITY_MAP."""


def choose(places: pd.DataFrame, conditions: pd.Series) -> list[str]:
    """Return the fields of each condition whose patches differ most: they show live and dead ones.

    `conditions` maps fields to conditions.
    """
    spread = places.groupby("field")["p_live"].std().fillna(0.0)
    kinds = conditions.reindex(spread.index)
    chosen = []
    for condition in dict.fromkeys(conditions):
        own = spread[kinds == condition].sort_values(ascending=False, kind="stable")
        chosen += [str(field) for field in own.index[:EACH]]
    return chosen


@style.styled
def draw(panels: Sequence[Panel], live: str) -> Figure:
    """Draw a row for each field: bright field, the map of `live` over it, and the stain."""
    if not panels:
        return style.message("No field has patches to map.")
    columns = 3 if panels[0].stain is not None else 2
    height, width = panels[0].picture.shape[:2]
    side = (style.PAGE_MM - 22) / columns
    made = style.figure(style.PAGE_MM, len(panels) * (side * height / width + 2) + 6, images=True)
    places = made.subplots(len(panels), columns, squeeze=False)
    for row, panel in zip(places, panels, strict=True):
        style.bare(row)
        row[0].imshow(panel.picture)
        row[0].set_ylabel(f"{panel.condition}\n{panel.name}", fontsize=5.5)
        _map(row[1], panel)
        if panel.stain is not None:
            row[2].imshow(panel.stain, cmap="gray", vmin=0, vmax=255)
    titles = ("bright field", f"probability of {live}", "stain, not seen by the network")
    for axes, title in zip(places[0], titles, strict=False):
        axes.set_title(title)
    bar = made.colorbar(
        _scale(), ax=places[:, 1], location="bottom", fraction=0.03, pad=0.01, aspect=30
    )
    bar.set_label(f"probability of {live}; no colour: no patch kept")
    return made


def _scale() -> ScalarMappable:
    return ScalarMappable(Normalize(0, 1), MAP)


def _map(axes: Axes, panel: Panel) -> None:
    axes.imshow(panel.picture.mean(axis=2), cmap="gray", vmin=0, vmax=255)
    colours = _scale().to_rgba(panel.places["p_live"].to_numpy())
    for place, colour in zip(panel.places.itertuples(), colours, strict=True):
        style.draw_box(axes, place, facecolor=(*colour[:3], 0.45), linewidth=0)
