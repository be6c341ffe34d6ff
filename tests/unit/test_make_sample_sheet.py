"""The script that makes a sample sheet from a folder and a pattern."""

import pandas as pd
import pytest

import make_sample_sheet

PATTERN = r"(?P<field>(?P<replicate>day\d)/(?P<condition>[a-z]+)_f\d+)_(?P<channel>actin|dapi)\.tif"


@pytest.fixture
def folder(tmp_path):
    """Two days, two conditions, two fields, two channels, and a file of no use."""
    for day in (1, 2):
        (tmp_path / f"raw/day{day}").mkdir(parents=True)
        for name in ("mock_f2", "mock_f10", "drug_f1", "drug_f2"):
            for channel in ("actin", "dapi"):
                (tmp_path / f"raw/day{day}/{name}_{channel}.tif").touch()
    (tmp_path / "raw/notes.txt").touch()
    return tmp_path


def run(folder, *arguments: str) -> pd.DataFrame:
    sheet = folder / "config/fields.tsv"
    status = make_sample_sheet.main([str(folder / "raw"), arguments[0], str(sheet), *arguments[1:]])
    assert status == 0
    return pd.read_csv(sheet, sep="\t", dtype=str)


def refusal(capsys, folder, *arguments: str) -> str:
    sheet = folder / "fields.tsv"
    status = make_sample_sheet.main([str(folder / "raw"), arguments[0], str(sheet), *arguments[1:]])
    assert status == 1
    assert not sheet.exists()
    return capsys.readouterr().err


def test_the_channels_of_a_field_come_into_one_row(folder):
    sheet = run(folder, PATTERN)
    assert len(sheet) == 8
    row = sheet[sheet["field"] == "day1-mock_f2"].iloc[0]
    assert row[["condition", "replicate", "group"]].tolist() == ["mock", "day1", "day1-mock_f2"]
    assert row["actin"] == "day1/mock_f2_actin.tif"
    assert row["dapi"] == "day1/mock_f2_dapi.tif"


def test_rows_are_in_the_order_a_person_expects(folder):
    fields = run(folder, PATTERN)["field"].tolist()
    assert fields.index("day1-mock_f2") < fields.index("day1-mock_f10")


def test_a_group_may_be_a_column(folder):
    assert set(run(folder, PATTERN, "--group-by", "replicate")["group"]) == {"day1", "day2"}


def test_what_the_pattern_does_not_tell_is_filled_in(folder):
    sheet = run(
        folder, r"day1/(.*)_dapi\.tif", "--channel", "dapi", "--condition", "mock", "--group", "w1"
    )
    assert sheet.iloc[0].to_dict() == {
        "field": "drug_f1_dapi",
        "condition": "mock",
        "replicate": "1",
        "group": "w1",
        "dapi": "day1/drug_f1_dapi.tif",
    }


def test_a_found_value_can_be_renamed(folder):
    sheet = run(folder, PATTERN, "--rename", "condition", "mock", "control")
    assert set(sheet["condition"]) == {"control", "drug"}


def test_what_matched_and_what_did_not_is_shown(folder, capsys):
    run(folder, PATTERN)
    shown = capsys.readouterr().out
    assert "16 files match the pattern, 1 do not" in shown
    assert "not matched: notes.txt" in shown
    assert "day1/drug_f1_actin.tif: field day1/drug_f1" in shown


def test_a_pattern_that_fits_nothing_is_told_with_examples(folder, capsys):
    assert "day1/drug_f1_actin.tif" in refusal(capsys, folder, r"(?P<field>\d+)\.png")


def test_a_pattern_that_mixes_two_fields_is_refused(folder, capsys):
    pattern = r"day\d/(?P<field>[a-z]+_f\d+)_(?P<channel>actin|dapi)\.tif"
    assert "drug_f1 has two values in the column actin" in refusal(capsys, folder, pattern)


def test_a_missing_channel_is_refused(folder, capsys):
    (folder / "raw/day2/drug_f1_dapi.tif").unlink()
    assert "day2-drug_f1 has no file of the channel dapi" in refusal(capsys, folder, PATTERN)


def test_a_malformed_pattern_or_a_missing_folder_is_one_sentence(folder, capsys):
    assert "no regular expression" in refusal(capsys, folder, "(?P<field>")
    assert "is not there" in refusal(capsys, folder / "elsewhere", PATTERN)


def test_the_two_series_of_the_living_dead_cells_become_conditions(tmp_path):
    (tmp_path / "raw/images").mkdir(parents=True)
    for name in ("image41", "image_41", "image_312"):
        (tmp_path / f"raw/images/{name}.png").touch()
    rename = ["--rename", "condition", "image", "series-1", "--rename", "condition", "image_", "s2"]
    sheet = run(tmp_path, r"images/(?P<field>(?P<condition>image_?)\d+)\.png", *rename)
    assert dict(zip(sheet["field"], sheet["condition"], strict=True)) == {
        "image41": "series-1",
        "image_41": "s2",
        "image_312": "s2",
    }
