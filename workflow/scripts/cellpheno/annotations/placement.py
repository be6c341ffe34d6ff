"""Whether boxes lie where those of their fields can, or belong to pictures of another size."""

import numpy as np
import numpy.typing as npt

from cellpheno.core import boxes as geometry
from cellpheno.core import notices
from cellpheno.core.errors import StudyError

MANY_FIELDS, MANY_BOXES = 3, 10
"""So many boxes in so many fields do not all lie in a quarter of their fields by chance.

In a smaller corner fewer do: each counts as often as the sides were halved.
"""
ROUNDING = 1.0
"""Pixels by which a box may reach over the middle because a reduced picture has whole pixels."""

Array = npt.NDArray[np.float64]


def check(
    edges: Array, sizes: Array, fields: npt.NDArray[np.object_], files: npt.NDArray[np.object_]
) -> None:
    """Refuse files whose boxes lie outside their fields, and warn of those that may be reduced.

    Parameters
    ----------
    edges
        [n, 4] x_min, y_min, x_max, y_max of each box in px of its field, before it is clipped.
    sizes
        [n, 2] width and height of its field in px, NaN where it could not be read.
    fields
        [n] name of its field.
    files
        [n] file, or folder of files, that it was read from.

    Raises
    ------
    StudyError
        For the first file of which most boxes lie outside their fields.
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
