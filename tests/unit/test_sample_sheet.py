from pathlib import Path

import pandas as pd
import pytest

from cellpheno import sample_sheet
from cellpheno.errors import StudyError


@pytest.fixture
def config():
    return {
        "fields": "fields.tsv",
        "data_root": "raw",
        "channels": ["membrane"],
        "classes": ["non-CIC", "partial"],
        "splits": {"by": "group"},
        "statistics": {
            "splits": ["predict"],
            "control": "control",
            "tests": [{"test": "welch", "unit": "replicate"}],
        },
    }


@pytest.fixture
def rows():
    return [
        {
            "field": f"{condition}-{replicate}",
            "condition": condition,
            "replicate": replicate,
            "group": f"{condition}-{replicate}",
            "membrane": f"{condition}-{replicate}.tif",
        }
        for condition in ("control", "drug")
        for replicate in ("r1", "r2")
    ]


def sheet(folder: Path, rows: list[dict]) -> Path:
    pd.DataFrame(rows).to_csv(folder / "fields.tsv", sep="\t", index=False)
    (folder / "raw").mkdir(exist_ok=True)
    for row in rows:
        (folder / "raw" / str(row.get("membrane") or "none.tif")).touch()
    return folder


def test_a_sheet_is_read_with_paths_under_the_data_root(tmp_path, config, rows):
    fields = sample_sheet.read(config, sheet(tmp_path, rows), must_exist=True)
    assert fields["membrane"].tolist()[0] == "raw/control-r1.tif"
    assert fields["split"].tolist() == [""] * 4


def refusal(folder, config, must_exist=True) -> str:
    with pytest.raises(StudyError) as error:
        fields = sample_sheet.read(config, folder, must_exist)
        sample_sheet.check_statistics(config, fields)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_sheet_that_is_not_there_is_named(tmp_path, config):
    assert "fields.tsv" in refusal(tmp_path, config)


def test_a_sheet_without_rows_is_refused(tmp_path, config, rows):
    pd.DataFrame(rows)[:0].to_csv(tmp_path / "fields.tsv", sep="\t", index=False)
    assert "fields.tsv has no rows" in refusal(tmp_path, config)


def test_a_sheet_without_bytes_is_refused(tmp_path, config):
    (tmp_path / "fields.tsv").touch()
    assert "fields.tsv" in refusal(tmp_path, config)


def test_a_missing_channel_file_is_named_with_its_field(tmp_path, config, rows):
    folder = sheet(tmp_path, rows)
    (folder / "raw/drug-r2.tif").unlink()
    sentence = refusal(folder, config)
    assert "membrane" in sentence
    assert "drug-r2" in sentence
    assert "raw/drug-r2.tif" in sentence


def test_files_that_a_rule_will_make_may_be_missing(tmp_path, config, rows):
    folder = sheet(tmp_path, rows)
    (folder / "raw/drug-r2.tif").unlink()
    assert len(sample_sheet.read(config, folder, must_exist=False)) == 4


def test_a_field_that_stands_twice_is_named(tmp_path, config, rows):
    assert "control-r1" in refusal(sheet(tmp_path, [*rows, rows[0]]), config)


def test_a_field_name_that_cannot_be_a_file_name_is_named(tmp_path, config, rows):
    rows[1]["field"] = "control r2/a"
    assert "'control r2/a'" in refusal(sheet(tmp_path, rows), config)


def test_a_missing_column_is_named(tmp_path, config, rows):
    for row in rows:
        del row["replicate"]
    assert "replicate" in refusal(sheet(tmp_path, rows), config)


def test_an_empty_cell_is_named_by_line_and_column(tmp_path, config, rows):
    rows[2]["condition"] = ""
    sentence = refusal(sheet(tmp_path, rows), config)
    assert "Line 4" in sentence
    assert "condition" in sentence


def test_an_unknown_split_is_named(tmp_path, config, rows):
    rows[3]["split"] = "training"
    sentence = refusal(sheet(tmp_path, rows), config)
    assert "drug-r2" in sentence
    assert "'training'" in sentence


def test_an_unknown_control_is_refused_with_the_known_conditions(tmp_path, config, rows):
    config["statistics"]["control"] = "contrl"
    sentence = refusal(sheet(tmp_path, rows), config)
    assert "'contrl'" in sentence
    assert "control, drug" in sentence


def test_fewer_than_two_units_in_a_condition_are_refused(tmp_path, config, rows):
    sentence = refusal(sheet(tmp_path, rows[:3]), config)
    assert "drug" in sentence
    assert "1 replicate" in sentence


def test_a_study_without_a_control_compares_nothing(tmp_path, config, rows):
    config["statistics"]["control"] = None
    fields = sample_sheet.read(config, sheet(tmp_path, rows[:3]), must_exist=True)
    sample_sheet.check_statistics(config, fields)


def test_a_class_without_annotations_is_named():
    with pytest.raises(StudyError, match=r"'in turn'.*via\.json.*non-CIC, partial"):
        sample_sheet.check_classes(["partial", "in turn"], {"partial", "non-CIC"}, ["via.json"])


def test_planted_frequencies_must_fit_the_sheet_and_the_classes(config, rows):
    fields = pd.DataFrame(rows)
    planted = {"control": {"partial": 0.1}, "drug": {"partial": 0.1}}
    config["simulation"] = {"frequencies": planted, "faults": {}}
    sample_sheet.check_simulation(config, fields)
    for wrong, word in [
        ({"frequencies": {"control": {}}, "faults": {}}, "drug"),
        ({"frequencies": {**planted, "drug": {"partail": 0.1}}, "faults": {}}, "partail"),
        ({"frequencies": {**planted, "drug": {"partial": 1.2}}, "faults": {}}, "1.2"),
        ({"frequencies": planted, "faults": {"empty": ["control-r9"]}}, "control-r9"),
        (
            {"frequencies": planted, "faults": {"empty": ["drug-r1"], "swapped": ["drug-r1"]}},
            "one fault",
        ),
    ]:
        with pytest.raises(StudyError, match=word):
            sample_sheet.check_simulation({**config, "simulation": wrong}, fields)


def test_shards_hold_every_field_once_in_order(rows):
    fields = pd.DataFrame(rows * 5)
    shards = sample_sheet.shards(fields, 6)
    assert list(shards) == ["shard-000", "shard-001", "shard-002", "shard-003"]
    assert pd.concat(shards.values()).equals(fields)
    assert max(len(shard) for shard in shards.values()) == 6
