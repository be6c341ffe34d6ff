"""Draw pairs of near-duplicate fields or cells in different splits."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.images import store
from cellpheno.images.crops import Geometry, cut
from cellpheno.images.scaling import resize

MOST = 24
COLUMNS = 3
SIDE = 160  # px
GEOMETRY = Geometry(margin=0.16, border=0.0, size=SIDE)
NAME = 22
"""Letters of a field's name above a picture."""


def choose(leaks: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of tables.LEAKS to draw: the most similar ones first, tracked ones last."""
    ordered = leaks.sort_values("similarity", ascending=False, kind="stable")
    return ordered.head(MOST).reset_index(drop=True)


def pictures(pairs: pd.DataFrame, shards: Iterable[str | Path]) -> npt.NDArray[np.uint8]:
    """Return the pictures [n, 2, SIDE, SIDE, 3] of pairs, one field in memory at a time."""
    found = np.zeros((len(pairs), 2, SIDE, SIDE, 3), np.uint8)
    for shard in shards:
        for field, image in store.read(shard, {*pairs["first"], *pairs["second"]}):
            for number, end in enumerate(("first", "second")):
                for row in np.flatnonzero(pairs[end] == field):
                    found[row, number] = _picture(image, pairs[f"{end}_box"][row])
    return found


def _picture(image: npt.NDArray[np.uint8], box: str) -> npt.NDArray[np.uint8]:
    if pd.isna(box) or not box:
        return resize(image, SIDE, cv2.INTER_AREA)
    corners = np.array([[float(corner) for corner in box.split(",")]])
    return cut(image, corners, GEOMETRY)[0]


@style.styled
def draw(pairs: pd.DataFrame, shown: npt.NDArray[np.uint8]) -> Figure:
    """Draw the pictures [n, 2, S, S, 3] of pairs with fields, splits and similarity."""
    rows = -(-len(pairs) // COLUMNS)
    width = style.PAGE_MM / COLUMNS
    made = style.figure(style.PAGE_MM, rows * (width / 2 + 11), images=True)
    places = made.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes in places:
        axes.set_axis_off()
    for axes, pair, two in zip(places, pairs.to_dict("records"), shown, strict=False):
        gap = np.full((two.shape[1], 6, 3), 255, np.uint8)
        axes.imshow(np.hstack([two[0], gap, two[1]]))
        ends = [f"{pair[end][-NAME:]} ({pair[f'{end}_split']})" for end in ("first", "second")]
        alike = "" if pd.isna(pair["similarity"]) else f": {pair['similarity']:.3f}, {pair['turn']}"
        title = "\n".join([f"{pair['kind']}{alike}", *ends])
        axes.set_title(title, loc="left", fontsize=5, fontweight="normal")
    return made
