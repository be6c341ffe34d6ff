"""Check that boxes lie in their fields, not in pictures of another size."""

import numpy as np
import numpy.typing as npt

from cellpheno.core import boxes as geometry
from cellpheno.core import notices
from cellpheno.core.errors import StudyError

MANY_FIELDS, MANY_BOXES = 3, 10
"""Fields and boxes that are unlikely to lie in a quarter of their fields by chance.

For a smaller corner fewer suffice, in proportion to the number of halvings.
"""
ROUNDING = 1.0
"""Pixels by which a box may cross the middle, because a reduced picture has whole pixels."""

Array = npt.NDArray[np.float64]


def check(
    edges: Array, sizes: Array, fields: npt.NDArray[np.object_], files: npt.NDArray[np.object_]
) -> None:
    """Refuse files whose boxes lie outside their fields, and warn of those that may be reduced.

    `edges` [n, 4] are boxes in px of their field before clipping, `sizes` [n, 2] width and height
    of the field in px (NaN if unreadable), `fields` [n] its name, and `files` [n] the file or
    folder of the box.

    Raises a StudyError for the first file with most boxes outside their fields.
    """
    known = ~np.isnan(sizes).any(axis=1) & (geometry.area(edges) > 0)
    for file in dict.fromkeys(files[known]):
        rows = np.flatnonzero(known & (files == file))
        _refuse_outside(edges[rows], sizes[rows], file)
        _warn_of_corner(edges[rows], sizes[rows], len(set(fields[rows])), file)


def _refuse_outside(edges: Array, sizes: Array, file: str) -> None:
    inside = geometry.area(np.clip(edges, 0, np.hstack([sizes, sizes])))
    outside = int((inside < geometry.area(edges) / 2).sum())
    if 2 * outside > len(edges):
        width, height = (edges[:, 2:] / sizes).max(axis=0)
        raise StudyError(
            f"{outside} of the {len(edges)} boxes in {file} lie outside their fields (they reach "
            f"to {width:.3g} times the width and {height:.3g} times the height); if they were "
            "drawn on pictures of another size, set annotations.pixel_scale to pixels of the "
            "field per pixel of these pictures, or else correct annotations.files."
        )


def _warn_of_corner(edges: Array, sizes: Array, n_fields: int, file: str) -> None:
    share = max(((edges[:, 2:] - ROUNDING) / sizes).max(), np.finfo(float).tiny)
    halved = -np.log2(share)
    if halved >= 1 and halved * n_fields >= MANY_FIELDS and halved * len(edges) >= MANY_BOXES:
        notices.warn(
            f"All {len(edges)} boxes in {file} lie in the upper left {share:.0%} of width and "
            f"height of their fields (in number {n_fields}), as if drawn on pictures of half the "
            "size or less, or given in percent; if so, set annotations.pixel_scale "
            "(annotations/boxes.parquet has the boxes as they were read)."
        )
