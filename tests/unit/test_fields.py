import pandas as pd
import pytest

from cellpheno.fields import in_splits


@pytest.fixture
def quality():
    return pd.DataFrame(
        {
            "field": ["a", "b", "c"],
            "group": ["g", "g", "h"],
            "verdict": ["ok", "over-exposed", "ok"],
            "split": ["", "", "test"],
        }
    )


@pytest.fixture
def splits():
    return pd.DataFrame({"field": ["c", "a"], "group": ["h", "g"], "split": ["test", "predict"]})


def test_a_field_has_the_split_it_was_assigned_to_not_what_the_sheet_left_open(quality, splits):
    assert in_splits(quality, splits)["split"].tolist() == ["predict", "test"]


def test_fields_set_aside_and_of_other_splits_are_left_out(quality, splits):
    assert in_splits(quality, splits, ["predict"])["field"].tolist() == ["a"]
