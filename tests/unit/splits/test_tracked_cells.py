"""One cell at several times, by the sample sheet's word."""

import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.splits import tracked_cells


def movie(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"field": [f"f{row}" for row in range(n)], **columns})


def pairs(fields, frames=None, distance=None) -> list[tuple[int, int]]:
    return [tuple(map(int, pair)) for pair in tracked_cells.neighbours(fields, frames, distance)]


def test_a_sheet_without_sequences_tracks_nothing():
    assert pairs(movie(frame=["1", "2"])) == []


def test_fields_of_one_sequence_are_chained_in_the_order_of_their_frames():
    fields = movie(sequence=["a", "a", "b", "a"], frame=["10", "2", "3", "9"])
    assert pairs(fields) == [(1, 3), (3, 0)]


def test_fields_without_a_sequence_are_in_no_movie():
    assert pairs(movie(sequence=["", "", "a"], frame=["", "", "1"])) == []


def test_fields_too_many_frames_apart_are_not_neighbours():
    fields = movie(sequence=["a"] * 3, frame=["1", "4", "10"])
    assert pairs(fields, frames=3) == [(0, 1)]


def test_places_too_far_apart_are_not_neighbours():
    where = {"x": ["0", "6", "50"], "y": ["0", "8", "50"]}
    fields = movie(sequence=["a"] * 3, frame=["1", "2", "3"], **where)
    assert pairs(fields, distance=10) == [(0, 1)]
    assert pairs(fields, distance=9) == []
    assert pairs(fields) == [(0, 1), (1, 2)]


def test_near_in_place_and_far_in_time_is_not_near():
    fields = movie(sequence=["a"] * 2, frame=["1", "90"], x=["5", "5"], y=["5", "5"])
    assert pairs(fields, frames=10, distance=20) == []


def test_a_frame_that_is_no_number_is_named():
    fields = movie(sequence=["a", "a"], frame=["1", "second"])
    with pytest.raises(StudyError, match=r"f1 of the sequence a has 'second' in the column frame"):
        pairs(fields)


def test_frames_asked_of_a_sheet_without_frames_are_refused():
    with pytest.raises(StudyError, match="no column frame"):
        pairs(movie(sequence=["a", "a"]), frames=2)
