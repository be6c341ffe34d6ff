"""Splits fixed by lists of names, and groups to hold out, checked against the sample sheet."""

import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.splits import split_lists


@pytest.fixture
def fields():
    return pd.DataFrame(
        {
            "field": ["f1", "f2", "f3", "f4"],
            "patient": ["A", "A", "B", "B"],
            "split": ["", "", "", "predict"],
            "image": [f"day1/{n} (a).tif" for n in (1, 2, 3, 4)],
        }
    )


@pytest.fixture
def applied(tmp_path, fields):
    def apply(**lists):
        named = {}
        for split, lines in lists.items():
            (tmp_path / f"{split}.txt").write_bytes(lines)
            named[split] = f"{split}.txt"
        config = {"splits": {"lists": named}, "channels": ["image"], "data_root": "."}
        return split_lists.apply(config, fields, tmp_path)["split"].tolist()

    return apply


def test_fields_are_named_by_themselves_or_by_their_files(applied):
    assert applied(train=b"f1\r\n\r\n", test=b"\xef\xbb\xbf2 (a).tif\nday1/3 (a)") == [
        "train",
        "test",
        "test",
        "predict",
    ]


def test_without_lists_the_sheet_is_as_it_was(applied):
    assert applied() == ["", "", "", "predict"]


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"train": b"f1\nf9"}, "Line 2 of .*train.txt .*'f9'"),
        ({"train": b"f1", "test": b"f1"}, "f1 is in two lists"),
        ({"train": b"f4"}, "f4 is predict in the sample sheet but train"),
        ({"train": b"\xff\xfe"}, "not text in UTF-8"),
    ],
)
def test_a_list_that_does_not_fit_is_refused_in_one_sentence(applied, lists, message):
    with pytest.raises(StudyError, match=message):
        applied(**lists)


def test_a_missing_list_is_reported(fields, tmp_path):
    splits = {"lists": {"val": "no.txt"}}
    config = {"splits": splits, "channels": ["image"], "data_root": "."}
    with pytest.raises(StudyError, match="no.txt .*cannot be opened"):
        split_lists.apply(config, fields, tmp_path)


def test_a_group_to_hold_out_that_is_not_in_the_sheet_is_reported_with_the_nearest(fields):
    config = {"splits": {"by": "patient", "hold_out": ["a"]}, "fields": "fields.tsv"}
    with pytest.raises(StudyError, match="splits.hold_out names 'a'.*fields.tsv"):
        split_lists.check_hold_out(config, fields)
