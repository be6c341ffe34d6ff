"""Columns of the sample sheet that describe movies: sequence, frame, x and y."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.errors import StudyError

NUMBERS = ("frame", "x", "y")


def members(fields: pd.DataFrame) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp]]:
    """Return each field's sequence, or "", and the rows of fields that have one."""
    if "sequence" not in fields:
        return np.full(len(fields), "", dtype=object), np.empty(0, np.intp)
    sequence = fields["sequence"].fillna("").astype(str).to_numpy(dtype=object)
    return sequence, np.flatnonzero(sequence != "")


def numbers(fields: pd.DataFrame, column: str) -> npt.NDArray[np.float64] | None:
    """Return a column as numbers; None if the sheet lacks it.

    Raises a StudyError for the first field of a sequence without a number there.
    """
    if column not in fields:
        return None
    values = pd.to_numeric(fields[column], errors="coerce").to_numpy(np.float64)
    _, inside = members(fields)
    bad = inside[~np.isfinite(values[inside])]
    if len(bad):
        row = fields.iloc[bad[0]]
        raise StudyError(
            f"The field {row['field']} of the sequence {row['sequence']} has {row[column]!r} in "
            f"the column {column} of the sample sheet, where a number was expected; correct it."
        )
    return values


def check(fields: pd.DataFrame, frames: int | None) -> None:
    """Raise a StudyError for sequences whose frames and positions are not numbers.

    `frames` is the config's `splits.track_frames`, which needs the column frame.
    """
    _, inside = members(fields)
    if not len(inside):
        return
    for column in NUMBERS:
        numbers(fields, column)
    if frames is not None and "frame" not in fields:
        raise StudyError(
            "splits.track_frames asks for frames, but the sample sheet has no column frame; add "
            "it, or set track_frames to null."
        )
