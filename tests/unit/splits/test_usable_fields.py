import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.splits.usable_fields import (
    completely_annotated,
    in_splits,
    named_for_comparison,
    of_training_groups,
    warn_of_training_groups,
)
from cellpheno.statistics.left_out import Fields


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


def test_fields_named_for_comparison_are_the_used_ones_and_those_set_aside_that_might_have_been():
    quality = pd.DataFrame(
        [
            ("used", "x", "ok", ""),
            ("drawn", "x", "ok", ""),
            ("spoilt", "x", "empty", ""),
            ("spoilt-drawn", "x", "empty", ""),
            ("spoilt-asked", "y", "empty", "predict"),
            ("spoilt-train", "y", "empty", "train"),
            ("other", "out", "ok", "predict"),
        ],
        columns=["field", "condition", "verdict", "split"],
    ).assign(group="g")
    splits = pd.DataFrame(
        {"field": ["used", "drawn", "other"], "split": ["predict", "train", "predict"]}
    )
    drawn = {"drawn", "spoilt-drawn"}
    named = named_for_comparison(quality, splits, drawn, ["predict"], ["out"])
    assert named["field"].tolist() == ["used", "spoilt", "spoilt-asked"]
    assert named["usable"].tolist() == [True, False, False]
    trained = named_for_comparison(quality, splits, drawn, ["train", "test"])
    assert trained["field"].tolist() == ["drawn", "spoilt-drawn", "spoilt-train"]


def test_only_completely_annotated_fields_show_what_is_no_cell(splits):
    complete = splits.assign(complete=[True, False])
    assert completely_annotated(complete, ["test"])["field"].tolist() == ["c"]


def test_a_split_without_any_completely_annotated_field_cannot_train_a_detector(splits):
    with pytest.raises(StudyError, match="None of the 1 fields of the split test"):
        completely_annotated(splits.assign(complete=False), ["train", "test"])


def test_a_labelled_field_that_was_set_aside_follows_its_group():
    quality = pd.DataFrame(
        {
            "field": ["a", "a-spoilt", "b", "b-spoilt", "lone-spoilt"],
            "condition": "x",
            "verdict": ["ok", "empty", "ok", "empty", "empty"],
            "split": "",
            "group": ["w1", "w1", "w2", "w2", "w3"],
        }
    )
    splits = pd.DataFrame({"field": ["a", "b"], "split": ["test", "train"]})
    named = named_for_comparison(quality, splits, {"a", "b"}, ["test"])
    assert named["field"].tolist() == ["a", "a-spoilt", "lone-spoilt"]


@pytest.fixture
def shared():
    """A well of which one field trained, one that was measured on, and one never seen."""
    rows = [("drawn", "w1", "train"), ("seen", "w1", "predict"), ("measured", "w2", "test")]
    rows += [("beside", "w2", "predict"), ("new", "w3", "predict")]
    return pd.DataFrame(rows, columns=["field", "group", "split"])


def test_fields_of_groups_that_trained_are_left_out_or_warned_of(shared, caplog):
    assert of_training_groups(shared, "exclude", "calls") == {"seen"}
    assert of_training_groups(shared, "exclude", "labels") == set()
    warn_of_training_groups(shared, "exclude", "calls")
    assert not caplog.text
    assert of_training_groups(shared, "warn", "calls") == set()
    warn_of_training_groups(shared, "warn", "calls")
    assert "1 fields that are compared are of groups" in caplog.text


def test_fields_left_out_are_named_but_not_usable_and_say_why(shared):
    quality = shared.assign(verdict=["ok"] * 4 + ["empty"], condition="x", split="")
    named = named_for_comparison(quality, shared, {"drawn", "measured"}, ["predict"], (), {"seen"})
    assert dict(zip(named["field"], named["lost"], strict=True)) == {
        "seen": "of groups that the networks were trained on",
        "beside": "",
        "new": "set aside",
    }
    assert named["usable"].tolist() == [False, True, False]
    fields = Fields(named, {"beside"}, "without a cell")
    lost = "1 of groups that the networks were trained on, 1 set aside"
    assert fields.used("x") == f"1 of 3 fields in the sheet used: {lost}"
