"""Draw which part of a crop supports each class, with probabilities (L27, Fig. 6)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.classification import grad_cam


@style.styled
def draw(
    cells: pd.DataFrame,
    crops: npt.NDArray[np.uint8],
    maps: npt.NDArray[np.float32],
    classes: Sequence[str],
    resolution: str,
    palette: style.Palette,
) -> Figure:
    """Draw a block for each label: the crops, and below them the map for every class.

    Cells have label, call, kind, probabilities and map_row, the row in crops [n, S, S, 3] and maps
    [n, classes, S, S], 0 to 1, in the order of `classes`. `resolution` describes the maps.
    """
    names = [name for name in palette.classes if (cells["label"] == name).any()]
    if not names:
        return style.message("No cell with a label could be explained.")
    kinds = grad_cam.columns(cells)
    lines = 1 + len(classes)
    side = min(26.0, (style.PAGE_MM - 14) / (len(kinds) + 2 * grad_cam.GAP))
    width = max((len(kinds) + 2 * grad_cam.GAP) * side + 14, style.COLUMN_MM)
    made = style.figure(width, len(names) * lines * (side + 3.2) + 9, images=True)
    places = grad_cam.grid(made, len(names) * lines, kinds, 1)[:, :, 0]
    made.supxlabel(f"Maps of {resolution}", fontsize=6)
    for block, name in enumerate(names):
        rows = places[block * lines : (block + 1) * lines]
        style.name_row(rows[0, 0], f"{name} (label)", palette[name])
        for line, of_class in zip(rows[1:, 0], classes, strict=True):
            line.set_ylabel(f"for {of_class}")
        of_label = cells[cells["label"] == name]
        numbers = of_label.groupby("kind").cumcount()
        for number, (_, cell) in zip(numbers, of_label.iterrows(), strict=True):
            column = kinds.index((cell["kind"], number))
            crop = crops[cell["map_row"]]
            rows[0, column].imshow(crop)
            wrong = cell["call"] != name
            rows[0, column].set_title(
                style.fitted(f"{'✗ ' if wrong else ''}{cell['call']}", side - 1, 5.5),
                fontsize=5.5,
                color=style.ALERT if wrong else style.INK,
                loc="left",
                pad=2,
            )
            for index, of_class in enumerate(classes):
                axes, heat = rows[1 + index, column], maps[cell["map_row"], index]
                axes.imshow(crop.mean(axis=2), cmap="gray", vmin=0, vmax=255)
                axes.imshow(heat, cmap="magma", vmin=0, vmax=1, alpha=0.2 + 0.55 * heat)
                text = f"p = {cell[f'p_{of_class}']:.2f}"
                axes.set_title(text, fontsize=5.5, loc="left", pad=2)
    return made
