"""Pair fields of a movie that may show the same cell at different times."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from cellpheno.study import movies


def neighbours(
    fields: pd.DataFrame, frames: int | None, distance: float | None
) -> npt.NDArray[np.intp]:
    """Return pairs [n, 2] of rows that show one cell, or one place, at different times.

    Fields without a `sequence` (movie, position) are not tracked. `frame` counts frames, of which
    pairs are at most `frames` apart; `x` and `y` are pixels, at most `distance` apart. Without a
    limit, any difference counts. If places do not matter, only neighbours in time are paired,
    because they link the others in a chain.

    Raises a StudyError when a number is missing or invalid, or `frames` needs a missing column.
    """
    movies.check(fields, frames)
    sequence, rows_inside = movies.members(fields)
    if not len(rows_inside):
        return np.empty((0, 2), np.intp)
    inside = pd.Series(rows_inside)
    frame, x, y = (movies.numbers(fields, column) for column in movies.NUMBERS)
    time = np.zeros(len(fields)) if frame is None else frame
    pairs: list[tuple[int, int]] = []
    for _, members in inside.groupby(sequence[inside]):
        rows = members.to_numpy()[np.argsort(time[members], kind="stable")]
        if distance is not None and x is not None and y is not None:
            near = cKDTree(np.column_stack([x[rows], y[rows]])).query_pairs(distance)
            found = [(rows[first], rows[second]) for first, second in sorted(near)]
        else:
            found = list(pairwise(rows))
        pairs += [(a, b) for a, b in found if frames is None or abs(time[a] - time[b]) <= frames]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)
