import contextlib
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.study import sample_sheet, simulation, statistics


@pytest.fixture
def config():
    return {
        "fields": "fields.tsv",
        "data_root": "raw",
        "channels": ["membrane"],
        "classes": ["non-CIC", "partial"],
        "splits": {"by": "group"},
        "evaluation": {"by": []},
        "statistics": {
            "design": "auto",
            "splits": ["predict"],
            "control": "control",
            "exclude_conditions": [],
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
        statistics.check_sheet(config, fields)
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


def test_missing_files_are_counted_and_the_first_named(tmp_path, config, rows):
    folder = sheet(
        tmp_path, [{**rows[0], "field": f"f{n}", "membrane": f"{n}.tif"} for n in range(9)]
    )
    for n in range(2, 9):
        (folder / f"raw/{n}.tif").unlink()
    sentence = refusal(folder, config)
    assert "7 of 9 files in fields.tsv cannot be used" in sentence
    assert "raw/2.tif (membrane of the field f2) does not exist" in sentence
    assert "raw/6.tif" in sentence
    assert "raw/7.tif" not in sentence


def make_folder(path: Path) -> None:
    path.mkdir()


def make_circle(path: Path) -> None:
    path.symlink_to(path.name)


def make_dead_link(path: Path) -> None:
    path.symlink_to("elsewhere.tif")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (make_folder, "is a folder"),
        (make_circle, "is a link that leads in a circle"),
        (make_dead_link, "does not exist"),
        (os.mkfifo, "is a device or a pipe"),
    ],
)
def test_anything_in_place_of_a_file_is_reported(tmp_path, config, rows, make, word):
    folder = sheet(tmp_path, rows)
    (folder / "raw/drug-r2.tif").unlink()
    make(folder / "raw/drug-r2.tif")
    assert f"raw/drug-r2.tif (membrane of the field drug-r2) {word}" in refusal(folder, config)


def test_a_zarr_folder_is_a_file_like_any_other_and_a_change_inside_is_noticed(
    tmp_path, config, rows
):
    rows[3]["membrane"] = "drug-r2.ome.zarr"
    folder = sheet(tmp_path, rows)
    (folder / "raw/drug-r2.ome.zarr").unlink()
    (folder / "raw/drug-r2.ome.zarr/0").mkdir(parents=True)
    fields = sample_sheet.read(config, folder, must_exist=True)
    assert fields["membrane"].tolist()[3] == "raw/drug-r2.ome.zarr"
    before = sample_sheet.raw_version([folder / fields["membrane"][3]])
    (folder / "raw/drug-r2.ome.zarr/0/chunk").write_bytes(b"pixels")
    assert sample_sheet.raw_version([folder / fields["membrane"][3]]) != before


def test_unreadable_files_are_reported(tmp_path, config, rows, ordinary_user):
    folder = sheet(tmp_path, rows)
    (folder / "raw/drug-r2.tif").chmod(0o000)
    sentence = ordinary_user(refusal, folder, config)
    assert "1 of 4 files" in sentence
    assert "may not be read (permission denied)" in sentence
    (folder / "raw").chmod(0o000)
    sentence = ordinary_user(refusal, folder, config)
    (folder / "raw").chmod(0o700)
    assert "4 of 4 files" in sentence
    assert "lies in a folder that may not be opened" in sentence


def test_files_that_a_rule_will_make_may_be_missing(tmp_path, config, rows):
    folder = sheet(tmp_path, rows)
    (folder / "raw/drug-r2.tif").unlink()
    assert len(sample_sheet.read(config, folder, must_exist=False)) == 4


def test_a_repeated_field_is_named(tmp_path, config, rows):
    assert "control-r1" in refusal(sheet(tmp_path, [*rows, rows[0]]), config)


def test_a_field_name_that_cannot_be_a_file_name_is_named(tmp_path, config, rows):
    rows[1]["field"] = "control r2/a"
    assert "'control r2/a'" in refusal(sheet(tmp_path, rows), config)


def test_a_missing_column_is_named(tmp_path, config, rows):
    for row in rows:
        del row["membrane"]
    assert "membrane" in refusal(sheet(tmp_path, rows), config)


@pytest.mark.parametrize("split", ["", "train"])
def test_a_sheet_needs_no_column_but_the_fields_and_their_files(
    tmp_path, config, rows, split, monkeypatch
):
    monkeypatch.setattr(notices, "_given", [])
    bare = [{"field": row["field"], "membrane": row["membrane"], "split": split} for row in rows]
    fields = sample_sheet.read(config, sheet(tmp_path, bare), must_exist=True)
    assert list(fields.columns) == ["field", *sample_sheet.NAMES, "membrane", "split"]
    assert set(fields["condition"]) == {"all"}
    assert set(fields["replicate"]) == {"1"}
    assert fields["group"].equals(fields["field"].rename("group"))
    # with splits of their own, groups decide nothing
    said = ["no column group, so each field is a group" in line for line in notices.given()]
    assert said == ([] if split else [True])


def test_a_column_that_fields_are_evaluated_by_must_be_there_and_filled(tmp_path, config, rows):
    config["evaluation"]["by"] = ["cell_line"]
    assert "lacks the column cell_line" in refusal(sheet(tmp_path, rows), config)
    rows = [{**row, "cell_line": "MCF10A"} for row in rows]
    sample_sheet.read(config, sheet(tmp_path, rows), must_exist=True)
    rows[2]["cell_line"] = ""
    assert "Line 4" in refusal(sheet(tmp_path, rows), config)


def test_an_empty_cell_is_named_by_line_and_column(tmp_path, config, rows):
    rows[2]["condition"] = ""
    sentence = refusal(sheet(tmp_path, rows), config)
    assert "Line 4" in sentence
    assert "condition" in sentence


def test_blanks_around_values_and_names_are_no_part_of_them(tmp_path, config, rows):
    folder = sheet(tmp_path, rows)
    text = (folder / "fields.tsv").read_text().replace("\t", " \t\u00a0")
    (folder / "fields.tsv").write_text(text)
    fields = sample_sheet.read(config, folder, must_exist=True)
    assert fields.columns.tolist()[:4] == ["field", "condition", "replicate", "group"]
    assert fields["condition"].tolist() == ["control", "control", "drug", "drug"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\n\n").encode() + b"\t\t\t\t\n",
        lambda text: text.replace("\n", "\t\t\n").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("\tcontrol\t", '\t"control"\t').encode(),
    ],
    ids=[
        "windows",
        "old mac",
        "byte order mark",
        "blank lines",
        "empty columns",
        "no end",
        "quotes",
    ],
)
def test_the_same_sheet_as_other_programs_write_it(tmp_path, config, rows, change):
    folder = sheet(tmp_path, rows)
    expected = sample_sheet.read(config, folder, must_exist=True)
    (folder / "fields.tsv").write_bytes(change((folder / "fields.tsv").read_text()))
    pd.testing.assert_frame_equal(sample_sheet.read(config, folder, must_exist=True), expected)


def test_names_with_blanks_brackets_quotes_and_other_letters_are_found(tmp_path, config, rows):
    names = ["a b [1] {x}.tif", 'c "d".tif', "Zellen µm Ä.tif", "#日本 'x' 7%.tif"]
    rows = [{**row, "membrane": name} for row, name in zip(rows, names, strict=True)]
    fields = sample_sheet.read(config, sheet(tmp_path, rows), must_exist=True)
    assert fields["membrane"].tolist() == [f"raw/{name}" for name in names]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("\t", ",").encode(), ("separated by commas", "tab-separated")),
        (lambda text: text.replace("\t", ";").encode(), ("separated by semicolons",)),
        (
            lambda text: text.replace("drug", "dr\xfcg").encode("latin-1"),
            ("UTF-8", "line 4", "0xfc"),
        ),
        (lambda text: text.encode("utf-16"), ("UTF-16",)),
        (lambda text: b"PK\x03\x04" + text.encode(), ("workbook",)),
        (lambda text: b"\x00" * 100, ("zero bytes",)),
        (
            lambda text: text.replace("replicate", "condition", 1).encode(),
            ("two columns", "condition"),
        ),
        (lambda text: text.replace("replicate", "", 1).encode(), ("Column 3", "no name")),
        (
            lambda text: text.replace("\tdrug-r1.tif", "\tx\ty").encode(),
            ("Line 4", "6 values", "5"),
        ),
        (lambda text: text.replace("drug", '"drug', 1).encode(), ("Line 4", "quotation marks")),
        (lambda text: text.replace("drug\t", '"dr\nug"\t', 1).encode(), ("Line 4", "spans lines")),
        (lambda text: text.replace("group", "verdict", 1).encode(), ("a column verdict",)),
        (lambda text: text.replace("field", "name", 1).encode(), ("lacks the column field",)),
        (lambda text: b"", ("no rows",)),
        (lambda text: b"\n\n \n", ("no rows",)),
    ],
)
def test_a_sheet_that_is_no_tab_separated_text_ends_in_one_sentence(
    tmp_path, config, rows, change, words
):
    folder = sheet(tmp_path, rows)
    (folder / "fields.tsv").write_bytes(change((folder / "fields.tsv").read_text()))
    sentence = refusal(folder, config)
    for word in ("fields.tsv", *words):
        assert word in sentence


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(place=st.integers(0, 300), junk=st.binary(min_size=1, max_size=20))
def test_a_sheet_with_any_bytes_in_it_is_read_or_ends_in_a_sentence(
    tmp_path, config, rows, place, junk
):
    folder = sheet(tmp_path, rows)
    content = (folder / "fields.tsv").read_bytes()
    (folder / "fields.tsv").write_bytes(content[:place] + junk + content[place:])
    with contextlib.suppress(StudyError):
        fields = sample_sheet.read(config, folder, must_exist=False)
        assert fields["field"].is_unique
        assert (
            not fields[["field", "condition", "replicate", "group", "membrane"]]
            .eq("")
            .any(axis=None)
        )


def test_a_column_that_the_result_tables_fill_is_refused(tmp_path, config, rows):
    rows = [{**row, "verdict": "ok"} for row in rows]
    assert "column verdict" in refusal(sheet(tmp_path, rows), config)


def test_a_sheet_that_is_a_folder_a_circle_or_may_not_be_read_is_refused(
    tmp_path, config, ordinary_user
):
    (tmp_path / "fields.tsv").mkdir()
    assert "Is a directory" in refusal(tmp_path, config)
    (tmp_path / "fields.tsv").rmdir()
    (tmp_path / "fields.tsv").symlink_to("fields.tsv")
    assert "symbolic links" in refusal(tmp_path, config)
    (tmp_path / "fields.tsv").unlink()
    (tmp_path / "fields.tsv").touch(mode=0o000)
    assert "Permission denied" in ordinary_user(refusal, tmp_path, config)


def test_paths_are_joined_as_paths_are(tmp_path, config, rows):
    names = ["/data/a.tif", "./b.tif", "x//c.tif", "x/./d.tif"]
    rows = [{**row, "membrane": name} for row, name in zip(rows, names, strict=True)]
    pd.DataFrame(rows).to_csv(tmp_path / "fields.tsv", sep="\t", index=False)
    for root in (".", "raw", "/data/", "../up"):
        config["data_root"] = root
        found = sample_sheet.read(config, tmp_path, must_exist=False)["membrane"].tolist()
        assert found == [str(Path(root) / name) for name in names]


def test_an_unknown_split_is_named(tmp_path, config, rows):
    rows[3]["split"] = "training"
    sentence = refusal(sheet(tmp_path, rows), config)
    assert "drug-r2" in sentence
    assert "'training'" in sentence


def test_an_unknown_control_is_refused_with_the_known_conditions(tmp_path, config, rows):
    config["statistics"]["control"] = "contrl"
    sentence = refusal(sheet(tmp_path, rows), config)
    assert "'contrl'" in sentence
    assert "'control', 'drug', or leave the key out if nothing is compared" in sentence


def test_fewer_than_two_units_in_a_condition_are_refused(tmp_path, config, rows):
    sentence = refusal(sheet(tmp_path, rows[:3]), config)
    assert "drug" in sentence
    assert "1 replicate" in sentence
    assert "leave statistics.control out if nothing is compared" in sentence


def test_pairs_need_two_replicate_names_in_common(tmp_path, config, rows):
    config["statistics"]["design"] = "paired"
    fields = sample_sheet.read(config, sheet(tmp_path, rows), must_exist=True)
    statistics.check_sheet(config, fields)
    for row in rows:
        row["replicate"] = f"{row['condition']} {row['replicate']}"
    assert "drug and control have 0 replicate names in common" in refusal(
        sheet(tmp_path, rows), config
    )


def test_a_condition_that_is_no_part_of_the_experiment_may_have_one_unit(tmp_path, config, rows):
    config["statistics"]["exclude_conditions"] = ["drug"]
    fields = sample_sheet.read(config, sheet(tmp_path, rows[:3]), must_exist=True)
    statistics.check_sheet(config, fields)
    config["statistics"]["exclude_conditions"] = ["drugs"]
    sentence = refusal(tmp_path, config)
    assert "statistics.exclude_conditions names 'drugs'" in sentence
    assert "drug is the nearest" in sentence


def test_a_study_without_a_control_compares_nothing(tmp_path, config, rows):
    config["statistics"]["control"] = None
    fields = sample_sheet.read(config, sheet(tmp_path, rows[:3]), must_exist=True)
    statistics.check_sheet(config, fields)


def test_a_class_without_annotations_is_named():
    with pytest.raises(StudyError, match=r"'in turn'.*via\.json.*non-CIC, partial"):
        sample_sheet.check_classes(["partial", "in turn"], {"partial", "non-CIC"}, ["via.json"])


def test_planted_frequencies_must_fit_the_sheet_and_the_classes(config, rows):
    fields = pd.DataFrame(rows)
    planted = {"control": {"partial": 0.1}, "drug": {"partial": 0.1}}
    complete = {"kind": "cell_in_cell", "frequencies": planted, "faults": {}}
    config["simulation"] = complete
    simulation.check_sheet(config, fields)
    for wrong, word in [
        ({"frequencies": {"control": {}}}, "drug"),
        ({"frequencies": {**planted, "drug": {"partail": 0.1}}}, "partail"),
        ({"frequencies": {**planted, "drug": {"partial": 1.2}}}, "1.2"),
        ({"faults": {"empty": ["control-r9"]}}, "control-r9"),
        ({"faults": {"empty": ["drug-r1"], "swapped": ["drug-r1"]}}, "one fault"),
    ]:
        with pytest.raises(StudyError, match=word):
            simulation.check_sheet({**config, "simulation": complete | wrong}, fields)


def test_shards_hold_every_field_once_in_order(rows):
    fields = pd.DataFrame(rows * 5)
    shards = sample_sheet.shards(fields, 6, most=4)
    assert list(shards) == ["shard-000", "shard-001", "shard-002", "shard-003"]
    assert pd.concat(shards.values()).equals(fields)
    assert max(len(shard) for shard in shards.values()) == 6


@pytest.mark.parametrize(
    ("n_fields", "n_bytes", "given", "size"),
    [
        (3000, 1000, None, 200),
        (3000, 1_000_000, None, 200),
        (3000, 3_000_000, None, 50),
        (300, 1000, None, 50),
        (3000, 1000, 7, 7),
    ],
)
def test_shards_of_many_small_files_are_larger(tmp_path, n_fields, n_bytes, given, size):
    path = tmp_path / "field.tif"
    path.write_bytes(bytes(n_bytes))
    fields = pd.DataFrame({"a": [str(path)] * n_fields, "b": [str(path)] * n_fields})
    config = {"channels": ["a", "b"], "fields_per_shard": given}
    assert sample_sheet.fields_in_shard(config, fields) == size


def test_shards_of_files_that_are_made_later_have_the_usual_size():
    config = {"channels": ["a"], "fields_per_shard": None, "simulation": {}}
    assert sample_sheet.fields_in_shard(config, pd.DataFrame({"a": ["later.tif"] * 3000})) == 50


@pytest.mark.parametrize("most", [3, 2, 1, 0])
def test_shards_of_a_large_study_grow_so_that_their_number_stays_bounded(rows, most):
    fields = pd.DataFrame(rows * 5)
    shards = sample_sheet.shards(fields, 6, most)
    assert len(shards) == max(1, most)
    assert pd.concat(shards.values()).equals(fields)


@pytest.mark.parametrize(
    ("planes", "refused"),
    [
        ({}, True),
        ({"membrane": 1, "nucleus": 1}, True),
        ({"membrane": 1, "nucleus": 2}, False),
        ({"nucleus": "red"}, False),  # the other channel is the luminance
    ],
)
def test_two_channels_may_share_a_file_but_not_its_plane(config, rows, planes, refused):
    config |= {"channels": ["membrane", "nucleus"], "image_files": {"planes": planes}}
    fields = pd.DataFrame(rows)
    fields["nucleus"] = [*fields["membrane"][:3], "other.tif"]
    if refused:
        with pytest.raises(StudyError, match=r"control-r1.*control-r1\.tif.*image_files\.planes"):
            sample_sheet.check_planes(config, fields)
    else:
        sample_sheet.check_planes(config, fields)


def test_red_green_and_blue_are_the_colours_of_the_file_that_they_share(config, rows):
    config |= {"channels": ["red", "green", "blue"], "image_files": {"planes": {}}}
    files = pd.DataFrame(rows)["membrane"]
    fields = pd.DataFrame(rows).assign(red=files, green=files, blue=files)
    sample_sheet.check_planes(config, fields)
    fields.loc[1, ["red", "green", "blue"]] = files[0]
    with pytest.raises(StudyError, match="have the same image"):
        sample_sheet.check_planes(config, fields)
    # a slip where each colour has a file of its own
    fields = fields.assign(red=files, green=files + "2", blue=files + "3")
    sample_sheet.check_planes(config, fields)
    fields.loc[1, "green"] = fields.loc[1, "red"]
    with pytest.raises(StudyError, match="as red and as green"):
        sample_sheet.check_planes(config, fields)


@pytest.mark.parametrize("other", ["drug-r1", "control-r2"])
def test_two_fields_of_one_image_are_refused_between_conditions_and_within(config, rows, other):
    config |= {"image_files": {"planes": {}}}
    fields = pd.DataFrame(rows)
    sample_sheet.check_planes(config, fields)
    fields.loc[fields["field"] == other, "membrane"] = "control-r1.tif"
    with pytest.raises(StudyError, match=f"control-r1 and {other} .*same image, control-r1.tif"):
        sample_sheet.check_planes(config, fields)


def test_two_fields_may_share_a_file_of_which_they_take_other_planes(config, rows):
    planes = {"membrane": 1, "nucleus": 2}
    config |= {"channels": ["membrane", "nucleus"], "image_files": {"planes": planes}}
    fields = pd.DataFrame(rows)
    fields["nucleus"] = fields["membrane"].to_numpy()[::-1]
    sample_sheet.check_planes(config, fields)
    config["image_files"]["planes"] = {}
    with pytest.raises(StudyError, match="same image"):
        sample_sheet.check_planes(config, fields)


@pytest.fixture
def warned(monkeypatch):
    """The warnings of a check."""
    sentences = []
    monkeypatch.setattr(sample_sheet.notices, "warn", sentences.append)
    return sentences


def spelled(config, rows, column, value):
    config |= {"class_groups": {}}
    fields = pd.DataFrame(rows)
    fields.loc[3, column] = value
    sample_sheet.check_spellings(config, fields)


@pytest.mark.parametrize(
    ("column", "value"),
    [("condition", "Drug"), ("replicate", "R1"), ("replicate", "r 1"), ("group", "drug-R1")],
)
def test_names_in_two_spellings_are_a_warning(config, rows, warned, column, value):
    spelled(config, rows, column, value)
    (sentence,) = warned
    assert f"column {column} of fields.tsv" in sentence
    assert repr(value) in sentence


def test_a_sheet_in_one_spelling_has_no_warning(config, rows, warned):
    spelled(config, rows, "group", "another")
    sample_sheet.check_groups(config, pd.DataFrame(rows))
    assert warned == []


def test_classes_in_two_spellings_are_a_warning(config, rows, warned):
    config["classes"] = ["partial", "Partial"]
    spelled(config, rows, "group", "another")
    assert "classes of the config, 'Partial' and 'partial'" in warned[0]


@pytest.mark.parametrize("column", ["condition", "replicate", "group"])
def test_names_that_look_the_same_are_refused_with_their_codes(config, rows, column):
    config["statistics"]["control"] = None
    rows[0][column] = "\N{CYRILLIC SMALL LETTER ES}ell"
    with pytest.raises(StudyError, match=r"'cell' and '\\u0441ell' look the same"):
        spelled(config, rows, column, "cell")


def test_the_control_in_another_spelling_is_refused(config, rows, warned):
    with pytest.raises(StudyError, match="'Control' and 'control' differ .* compared with itself"):
        spelled(config, rows, "condition", "Control")


def test_a_well_on_several_plates_is_a_warning(config, rows, warned):
    fields = pd.DataFrame(rows).assign(group=["B02", "B03", "B02", "C04"], plate=[*"1122"])
    sample_sheet.check_groups(config, fields)
    assert "1 of 3 groups in fields.tsv are on several plates (such as B02)" in warned[0]


def test_a_well_of_several_conditions_is_a_warning_without_a_column_of_plates(config, rows, warned):
    fields = pd.DataFrame(rows).assign(group=["B02", "B03", "B02", "C04"])
    sample_sheet.check_groups(config, fields)
    assert "several conditions or replicates (such as B02)" in warned[0]


def test_a_dish_of_several_conditions_is_a_warning(config, rows, warned):
    sample_sheet.check_groups(config, pd.DataFrame(rows).assign(group=["dish1", "Dish 2"] * 2))
    assert "several conditions or replicates (such as Dish 2)" in warned[0]
    assert "plate1-Dish 2 and plate2-Dish 2" in warned[0]


def test_a_patient_with_several_conditions_is_no_warning(config, rows, warned):
    sample_sheet.check_groups(config, pd.DataFrame(rows).assign(group=["P1", "P2", "P1", "P2"]))
    assert warned == []


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("field", "f" * 101, "Line 2 .*value of field is a text of 101 characters.*100"),
        ("condition", "c" * 101, "value of condition is a text of 101 characters"),
        ("membrane", "m" * 1001, "value of membrane is a text of 1001 characters"),
        ("group", "a\x07b", r"value of group has .*U\+0007"),
        ("replicate", "r\N{RIGHT-TO-LEFT OVERRIDE}1", r"value of replicate has .*U\+202E"),
        ("p\N{ZERO WIDTH SPACE}", "1", r"A column name of fields.tsv has .*U\+200B"),
    ],
)
def test_endless_names_and_characters_that_cannot_be_seen_are_refused(
    tmp_path, config, rows, column, value, words
):
    rows[0][column] = value
    pd.DataFrame(rows).to_csv(tmp_path / "fields.tsv", sep="\t", index=False)
    with pytest.raises(StudyError, match=words):
        sample_sheet.read(config, tmp_path, must_exist=False)
