"""One cell seen several times: neighbours in time, by what the sample sheet says of them."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from cellpheno.study import movies


def neighbours(
    fields: pd.DataFrame, frames: int | None, distance: float | None
) -> npt.NDArray[np.intp]:
    """Return the fields that show one cell, or one place, at different times.

    Parameters
    ----------
    fields
        One row per field; without the column `sequence` (movie, position) nothing is tracked, and
        a field with an empty one is in no movie. `frame` counts frames; `x` and `y` are pixels.
    frames
        How many frames apart fields may be; None: any number.
    distance
        How many pixels apart they may be; None, or without `x` and `y`: any number.

    Returns
    -------
    array
        [n, 2] rows. Where places do not matter, only neighbours in time are paired: they chain
        the others together, and divide whenever the others do.

    Raises
    ------
    StudyError
        When a number is missing or is none, or `frames` is asked of a sheet without frames.
    """
    movies.check(fields, frames)
    sequence, rows_inside = movies.members(fields)
    if not len(rows_inside):
        return np.empty((0, 2), np.intp)
    inside = pd.Series(rows_inside)
    frame, x, y = (movies.numbers(fields, column) for column in movies.NUMBERS)
    placed = distance is not None and x is not None and y is not None
    time = np.zeros(len(fields)) if frame is None else frame
    pairs: list[tuple[int, int]] = []
    for _, rows in inside.groupby(sequence[inside]):
        rows = rows.to_numpy()[np.argsort(time[rows], kind="stable")]
        if placed:
            near = cKDTree(np.column_stack([x[rows], y[rows]])).query_pairs(distance)
            found = [(rows[first], rows[second]) for first, second in sorted(near)]
        else:
            found = list(pairwise(rows))
        pairs += [(a, b) for a, b in found if frames is None or abs(time[a] - time[b]) <= frames]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)
