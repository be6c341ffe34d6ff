"""One cell seen several times: neighbours in time, by what the sample sheet says of them."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from cellpheno.errors import StudyError


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
    if "sequence" not in fields:
        return np.empty((0, 2), np.intp)
    sequence = fields["sequence"].fillna("").astype(str).to_numpy()
    inside = pd.Series(np.flatnonzero(sequence != ""))
    frame = _numbers(fields, "frame", inside)
    if frame is None and frames is not None:
        raise StudyError(
            "splits.track_frames asks for frames, but the sample sheet has no column frame; add "
            "it, or set track_frames to null."
        )
    x, y = _numbers(fields, "x", inside), _numbers(fields, "y", inside)
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


def _numbers(
    fields: pd.DataFrame, column: str, inside: pd.Series
) -> npt.NDArray[np.float64] | None:
    """Return a column as numbers, or say which field of a sequence has none."""
    if column not in fields:
        return None
    values = pd.to_numeric(fields[column], errors="coerce").to_numpy(np.float64)
    bad = inside[~np.isfinite(values[inside])]
    if len(bad):
        row = fields.iloc[bad.iloc[0]]
        raise StudyError(
            f"The field {row['field']} of the sequence {row['sequence']} has {row[column]!r} in "
            f"the column {column} of the sample sheet, where a number was expected; correct it."
        )
    return values
