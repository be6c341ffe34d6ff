"""The script that makes a sample sheet from a folder, by a naming scheme or a pattern."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import make_sample_sheet

PATTERN = r"(?P<field>(?P<replicate>day\d)/(?P<condition>[a-z]+)_f\d+)_(?P<channel>actin|dapi)\.tif"
WELLS = r"(?P<plate>p\d)/(?P<well>[A-H]\d+)_(?P<field>s\d)_(?P<channel>w\d)\.tif"
FILLED_IN = ["condition", "replicate", "group"]
REAL = Path(os.environ.get("CELLPHENO_REAL_DATA", "/nowhere"))


@pytest.fixture
def folder(tmp_path):
    """Two days, two conditions, two fields, two channels, and a file of no use."""
    for day in (1, 2):
        for name in ("mock_f2", "mock_f10", "drug_f1", "drug_f2"):
            for channel in ("actin", "dapi"):
                plant(tmp_path, f"day{day}/{name}_{channel}.tif")
    plant(tmp_path, "notes.txt")
    return tmp_path


@pytest.fixture
def plates(tmp_path):
    """Two plates of two wells, two sites and two wavelengths."""
    for plate in ("p1", "p2"):
        for name in ("A1_s1", "A1_s2", "B12_s1", "B12_s2"):
            plant(tmp_path, f"{plate}/{name}_w1.tif", f"{plate}/{name}_w2.tif")
    return tmp_path


def plant(folder: Path, *names: str) -> None:
    for name in names:
        (folder / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "raw" / name).touch()


def run(folder, *arguments: str) -> pd.DataFrame:
    sheet = folder / "config/fields.tsv"
    first, *rest = arguments or ("--scheme", "auto")
    positional = [first, str(sheet)] if not first.startswith("-") else [str(sheet), first]
    assert make_sample_sheet.main([str(folder / "raw"), *positional, *rest]) == 0
    return pd.read_csv(sheet, sep="\t", dtype=str, keep_default_na=False)


def refusal(capsys, folder, *arguments: str) -> str:
    """Return the one sentence that a run ends with, which writes nothing."""
    sheet = folder / "fields.tsv"
    first, *rest = arguments or ("--scheme", "auto")
    positional = [first, str(sheet)] if not first.startswith("-") else [str(sheet), first]
    assert make_sample_sheet.main([str(folder / "raw"), *positional, *rest]) == 1
    assert not sheet.exists()
    sentence = capsys.readouterr().err
    assert len(sentence.splitlines()) == 1
    return sentence


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


def test_a_channel_whose_files_hold_several_is_divided(folder):
    sheet = run(folder, PATTERN, "--divide", "dapi", "red,green")
    assert set(sheet.columns[4:]) == {"actin", "red", "green"}
    assert sheet["red"].tolist() == sheet["green"].tolist()
    assert sheet["red"].str.endswith("_dapi.tif").all()


def test_dividing_a_channel_that_no_file_has_is_refused(folder, capsys):
    assert "channel DAPI" in refusal(capsys, folder, PATTERN, "--divide", "DAPI", "red,green")


def test_parts_of_a_value_are_joined_by_what_the_user_says(folder):
    pattern = r"(?P<field>day\d)/(?P<field2>[a-z]+_f\d+)_(?P<channel>actin|dapi)\.tif"
    assert "day1-mock_f2" in set(run(folder, pattern)["field"])
    assert "day1mock_f2" in set(run(folder, pattern, "--force", "--joint", "")["field"])


def test_a_found_value_can_be_renamed(folder):
    sheet = run(folder, PATTERN, "--rename", "condition", "mock", "control")
    assert set(sheet["condition"]) == {"control", "drug"}


def test_renaming_what_was_not_found_is_refused_with_what_was(folder, capsys):
    sentence = refusal(capsys, folder, PATTERN, "--rename", "condition", "Mock", "control")
    assert "'Mock'" in sentence
    assert "drug, mock" in sentence


def test_what_matched_and_what_did_not_is_shown(folder, capsys):
    run(folder, PATTERN)
    shown = capsys.readouterr().out
    assert "16 files match the pattern, 1 do not" in shown
    assert "not matched: 1 .txt, such as notes.txt" in shown
    assert "day1/drug_f1_actin.tif: field day1/drug_f1" in shown
    assert "files per channel: actin 8, dapi 8" in shown
    assert "condition: drug (4), mock (4)" in shown


def test_a_dry_run_shows_the_same_and_writes_nothing(folder, capsys):
    sheet = folder / "fields.tsv"
    assert make_sample_sheet.main([str(folder / "raw"), PATTERN, str(sheet), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "16 files match the pattern, 1 do not" in shown
    assert "not written (--dry-run): 8 fields" in shown
    assert not sheet.exists()


def test_a_sheet_that_is_there_is_replaced_by_force_only(folder, capsys):
    run(folder, PATTERN)
    sheet = folder / "config/fields.tsv"
    before = sheet.read_bytes()
    again = [str(folder / "raw"), r"(?P<field>.+)_actin\.tif", str(sheet)]
    assert make_sample_sheet.main(again) == 1
    assert "already exists; --force replaces it" in capsys.readouterr().err
    assert sheet.read_bytes() == before
    assert make_sample_sheet.main([*again, "--force"]) == 0
    assert sheet.read_bytes() != before


def test_a_pattern_that_matches_nothing_is_reported_with_examples(folder, capsys):
    assert "day1/drug_f1_actin.tif" in refusal(capsys, folder, r"(?P<field>\d+)\.png")


def test_a_pattern_that_mixes_two_fields_is_refused(folder, capsys):
    pattern = r"day\d/(?P<field>[a-z]+_f\d+)_(?P<channel>actin|dapi)\.tif"
    sentence = refusal(capsys, folder, pattern)
    assert "drug_f1 has two files as its channel actin" in sentence
    assert "'day1/drug_f1_actin.tif' and 'day2/drug_f1_actin.tif'" in sentence


def test_files_of_a_field_that_disagree_are_refused(folder, capsys):
    pattern = r"day1/(?P<field>(?P<condition>[a-z]+)_f\d+)_(?P<channel>(?P<stain>\w+))\.tif"
    assert "two values in the column stain, actin and dapi" in refusal(capsys, folder, pattern)


def test_a_missing_channel_is_refused_or_its_field_left_out(folder, capsys):
    (folder / "raw/day2/drug_f1_dapi.tif").unlink()
    assert "1 of 8 fields lack a channel, such as day2-drug_f1 no dapi" in refusal(
        capsys, folder, PATTERN
    )
    assert len(run(folder, PATTERN, "--skip-incomplete")) == 7
    assert "left out for a missing channel: day2-drug_f1" in capsys.readouterr().out


def test_a_malformed_pattern_or_a_missing_folder_is_one_sentence(folder, capsys):
    assert "not a regular expression" in refusal(capsys, folder, "(?P<field>")
    assert "does not exist" in refusal(capsys, folder / "elsewhere", PATTERN)
    both = [PATTERN, "--scheme", "opera"]
    assert "a pattern or --scheme, not both" in refusal(capsys, folder, *both)


def test_several_channels_in_one_file_name_it_in_each_column(tmp_path):
    plant(tmp_path, "f1.tif", "f2.tif")
    sheet = run(tmp_path, r"(?P<field>f\d)\.tif", "--channels", "membrane,nucleus,brightfield")
    assert sheet.columns.tolist()[-3:] == ["membrane", "nucleus", "brightfield"]
    assert sheet.iloc[1, -3:].tolist() == ["f2.tif"] * 3


def test_names_of_channels_that_are_empty_or_the_same_are_refused(tmp_path, capsys):
    plant(tmp_path, "f1.tif")
    for names in ("membrane,,nucleus", "membrane,membrane", ""):
        with pytest.raises(SystemExit):
            run(tmp_path, r"(?P<field>f\d)\.tif", "--channels", names)
        assert "different names between commas" in capsys.readouterr().err


def test_channels_whose_names_become_one_column_are_refused(tmp_path, capsys):
    plant(tmp_path, "A - 01(fld 1 wv Blue - FITC).tif", "A - 01(fld 1 wv Blue-FITC).tif")
    assert "two files as its channel Blue-FITC" in refusal(capsys, tmp_path)


def test_wells_and_plates_lead_the_name_of_a_field(plates):
    sheet = run(plates, WELLS)
    assert sheet["field"].tolist()[:3] == ["p1_A01_s1", "p1_A01_s2", "p1_B12_s1"]
    assert sheet["well"].tolist()[:3] == ["A01", "A01", "B12"]
    assert sheet["group"].tolist()[:3] == ["p1_A01", "p1_A01", "p1_B12"]


def test_a_single_plate_does_not_lengthen_the_names(plates):
    sheet = run(plates, WELLS.replace(r"p\d", "p1"))
    assert sheet["field"].tolist()[0] == "A01_s1"
    assert set(sheet["plate"]) == {"p1"}


def test_a_well_within_the_field_s_group_is_not_written_twice(plates):
    sheet = run(plates, r"p1/(?P<field>(?P<well>[A-H]\d+)_s\d)_(?P<channel>w\d)\.tif")
    assert sheet["field"].tolist()[0] == "A1_s1"
    assert sheet["well"].tolist()[0] == "A01"


def test_replicates_may_be_the_plates(plates):
    assert set(run(plates, WELLS, "--replicate-by", "plate")["replicate"]) == {"p1", "p2"}


def test_an_unknown_or_repeated_column_is_refused(plates, folder, capsys):
    sentence = refusal(capsys, plates, WELLS, "--replicate-by", "dish")
    assert "--replicate-by names dish" in sentence
    assert "plate, well" in sentence
    assert "defines the condition already" in refusal(
        capsys, folder, PATTERN, "--condition", "control"
    )


SCREEN = ("A_B02_s1", "A_B02_s2", "A_B03_s1", "A_B03_s2")


@pytest.mark.parametrize("of_second", [SCREEN, ("A_C02_s1", "A_C02_s2", "A_C03_s1", "A_C03_s2")])
def test_plates_of_one_name_in_several_folders_are_distinguished_by_these(
    tmp_path, capsys, of_second
):
    plant(tmp_path, *(f"p1/{name}_w1.tif" for name in SCREEN))
    plant(tmp_path, *(f"p2/{name}_w1.tif" for name in of_second))
    plant(tmp_path, "p3/B_B02_s1_w1.tif")
    sheet = run(tmp_path, "--scheme", "auto", "--replicate-by", "plate")
    assert sheet["replicate"].value_counts().to_dict() == {"p1-A": 4, "p2-A": 4, "B": 1}
    assert sheet["group"].nunique() == 5
    assert "folder" not in sheet
    assert "the plate A is in 2 folders (p1, p2)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "names",
    [
        ["dapi/A_B02_s1_w1.tif", "actin/A_B02_s1_w2.tif"],
        ["one/A_B02_s1_w1.tif", "one/A_B02_s1_w2.tif"],
    ],
)
def test_folders_of_channels_and_a_single_folder_are_no_plates(tmp_path, capsys, names):
    plant(tmp_path, *names)
    sheet = run(tmp_path)
    assert sheet["field"].tolist() == ["B02_s1"]
    assert sheet["plate"].tolist() == ["A"]
    assert "the plate A lies" not in capsys.readouterr().out


def test_a_plain_folder_of_pictures_needs_no_pattern(tmp_path):
    plant(tmp_path, "Image_00001.jpg", "Image_00010.jpg", "Image_00002.jpg", "boxes.xml")
    sheet = run(tmp_path)
    assert sheet["field"].tolist() == ["Image_00001", "Image_00002", "Image_00010"]
    assert sheet["image"].tolist() == ["Image_00001.jpg", "Image_00002.jpg", "Image_00010.jpg"]
    assert sheet["group"].tolist() == sheet["field"].tolist()
    assert "folder" not in sheet


def test_the_sub_folder_of_plain_pictures_may_be_their_condition(tmp_path, capsys):
    plant(tmp_path, "drug/1.png", "drug/2.png", "mock/1.png", "mock/2.png")
    sheet = run(tmp_path, "--scheme", "auto", "--condition-by", "folder")
    assert sheet["condition"].tolist() == ["drug", "drug", "mock", "mock"]
    assert sheet["field"].tolist() == ["drug-1", "drug-2", "mock-1", "mock-2"]
    assert "folder: drug (2), mock (2)" in capsys.readouterr().out


def test_two_plain_pictures_of_one_name_are_refused(tmp_path, capsys):
    plant(tmp_path, "a.png", "a.jpg")
    assert "The field a has two files, 'a.jpg' and 'a.png'" in refusal(capsys, tmp_path)


def test_the_grid_of_wells_and_fields_is_shown_with_what_it_lacks(plates, capsys):
    run(plates, WELLS)
    assert "grid: 4 wells on 2 plates, 2 fields each\n  complete" in capsys.readouterr().out
    for name in ("B12_s2_w1.tif", "B12_s2_w2.tif"):
        (plates / "raw/p2" / name).unlink()
    run(plates, WELLS, "--force")
    assert "wells with another number of fields: p2 B12 (1)" in capsys.readouterr().out


def test_several_z_planes_are_refused_kept_or_separated(tmp_path, capsys):
    for z in (1, 2, 3):
        plant(tmp_path, f"r02c11f01p0{z}-ch1sk1fk1fl1.tiff", f"r02c11f01p0{z}-ch2sk1fk1fl1.tiff")
    sentence = refusal(capsys, tmp_path)
    assert "several z planes, such as B11_f01 with 3" in sentence
    assert "--keep z 01" in sentence
    kept = run(tmp_path, "--keep", "z", "02")
    assert kept["field"].tolist() == ["B11_f01"]
    assert kept["ch2"].tolist() == ["r02c11f01p02-ch2sk1fk1fl1.tiff"]
    each = run(tmp_path, "--separate", "z", "--force")
    assert each["field"].tolist() == ["B11_f01_z01", "B11_f01_z02", "B11_f01_z03"]
    assert set(each["group"]) == {"B11"}


def test_keeping_a_value_that_no_file_has_is_refused_with_those_found(plates, capsys):
    assert "found as well are A01, B12" in refusal(capsys, plates, WELLS, "--keep", "well", "C01")


def test_a_time_point_within_the_field_s_group_is_no_second_one(tmp_path):
    plant(tmp_path, "P1_t1.tif", "P1_t2.tif")
    assert len(run(tmp_path, r"(?P<field>P\d_t(?P<time>\d))\.tif")) == 2


def test_names_with_blanks_brackets_quotes_and_other_letters_come_through(tmp_path):
    names = ["a b [1] {x}.tif", 'c "d".tif', "Zellen µm Ä.tif", "日本 7.tif", "#5%'.tif"]
    plant(tmp_path, *names)
    sheet = run(tmp_path, r"(?P<field>.+)\.tif")
    assert set(sheet["image"]) == set(names)
    assert set(sheet["field"]) == {"a-b-1-x", "c-d", "Zellen-m-A", "7", "5"}


@pytest.mark.parametrize("name", ["a\tb.tif", "a\nb.tif", " a.tif", b"a\xe4.tif"])
def test_a_name_that_a_sheet_cannot_hold_is_refused(tmp_path, capsys, name):
    plant(tmp_path, "ok.tif", os.fsdecode(name))
    sentence = refusal(capsys, tmp_path, r"(?s)(?P<field>.+)\.tif")
    assert "1 file names cannot be written in a sample sheet" in sentence
    assert "rename" in sentence


def test_fields_whose_names_become_one_are_refused(tmp_path, capsys):
    plant(tmp_path, "Ä 1.tif", "A#1.tif")
    sentence = refusal(capsys, tmp_path, r"(?P<field>.+)\.tif")
    assert "'A#1.tif' and 'Ä 1.tif'" in sentence


def test_a_name_without_a_letter_or_digit_is_refused(tmp_path, capsys):
    plant(tmp_path, "日本.tif")
    assert "日本.tif" in refusal(capsys, tmp_path, r"(?P<field>.+)\.tif")


def test_a_channel_cannot_have_the_name_of_another_column(plates, folder, capsys):
    assert "name of another column, well" in refusal(
        capsys, plates, WELLS, "--rename", "channel", "w1", "well"
    )
    assert "'verdict'" in refusal(capsys, folder, r"day1/(.*)_dapi\.tif", "--channel", "verdict")


def test_the_two_series_of_the_living_dead_cells_become_conditions(tmp_path):
    plant(tmp_path, *(f"images/{name}.png" for name in ("image41", "image_41", "image_312")))
    rename = ["--rename", "condition", "image", "series-1", "--rename", "condition", "image_", "s2"]
    sheet = run(tmp_path, r"images/(?P<field>(?P<condition>image_?)\d+)\.png", *rename)
    assert dict(zip(sheet["field"], sheet["condition"], strict=True)) == {
        "image41": "series-1",
        "image_41": "s2",
        "image_312": "s2",
    }


def real_sheet(tmp_path, name: str, *arguments: str) -> pd.DataFrame:
    if not (REAL / name).is_dir():
        pytest.skip("the public data are not here")
    out = tmp_path / "fields.tsv"
    assert make_sample_sheet.main([str(REAL / name), str(out), *arguments]) == 0
    return pd.read_csv(out, sep="\t", dtype=str)


@pytest.mark.real_data
def test_the_24_wells_of_bbbc010_are_paired_and_their_channels_named(tmp_path):
    rename = ["--rename", "channel", "w1", "dead_stain", "--rename", "channel", "w2", "brightfield"]
    wells = ["--plate-map", str(REAL / "bbbc010/wells.csv")]
    sheet = real_sheet(tmp_path, "bbbc010", *rename, *wells)
    assert sheet["field"].tolist() == [f"A{n:02d}" for n in range(1, 25)]
    assert sheet["dead_stain"].str.contains("_w1_").all()
    assert sheet["brightfield"].str.contains("_w2_").all()
    for row in sheet.itertuples():
        assert f"_{row.well}_" in row.dead_stain
        assert f"_{row.well}_" in row.brightfield
    assert sheet["condition"].value_counts().to_dict() == {"live_control": 12, "dead": 12}


@pytest.mark.real_data
def test_the_six_channels_of_the_opera_phenix_field_are_found(tmp_path):
    sheet = real_sheet(tmp_path, "multichannel/pediatric_1080")
    assert sheet["field"].tolist() == ["C03_f03"]
    assert sheet["well"].tolist() == ["C03"]
    assert sheet.columns.tolist()[-6:] == [f"ch{n}" for n in range(1, 7)]


@pytest.mark.real_data
def test_the_cytation_wells_of_nf1_are_found_without_their_masks(tmp_path):
    sheet = real_sheet(tmp_path, "multichannel/nf1")
    assert sheet["field"].tolist() == ["B07_3", "D06_2", "D07_1", "F07_2", "H12_1"]
    assert sheet.columns.tolist()[-3:] == ["DAPI", "GFP", "RFP"]


@pytest.mark.real_data
def test_the_time_points_of_the_h2b_movie_are_fields_that_stay_together(tmp_path):
    sheet = real_sheet(tmp_path, "h2b_frames", "--separate", "time")
    assert sheet["field"].tolist() == [f"P0040_time0000{n}" for n in (1, 2, 3)]
    assert set(sheet["group"]) == {"P0040"}
    assert sheet.columns.tolist()[-2:] == ["gfp", "rfp"]


def paint(folder: Path, name: str, *shown: int) -> None:
    """Write a picture with structure in some of red, green and blue (0 to 2), or a grey one."""
    path = folder / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((20, 30, 3), 7, np.uint8)
    for colour in shown:
        pixels[..., colour] = np.random.default_rng(colour).integers(0, 200, (20, 30))
    Image.fromarray(pixels if shown else pixels[..., 0]).save(path)


def test_pictures_in_colour_have_a_channel_for_each_colour(tmp_path, capsys):
    for number in range(20):
        paint(tmp_path, f"Image_{number:05}.jpg", 0, 1, 2)
    sheet = run(tmp_path)
    assert list(sheet.columns) == ["field", *FILLED_IN, "red", "green", "blue"]
    assert sheet.loc[3, ["red", "blue"]].tolist() == ["Image_00003.jpg"] * 2
    said = " ".join(capsys.readouterr().out.split())
    assert "7 of 7 pictures that were looked at are in colour with red and green and blue" in said
    assert "in the config: channels: [red, green, blue]" in said
    assert list(run(tmp_path, "--channel", "image", "--force").columns)[-1] == "image"


def test_colours_that_show_nothing_are_no_channels_and_grey_pictures_have_one(tmp_path):
    for number in range(3):
        paint(tmp_path, f"Image_{number:05}.png", 1)
    assert list(run(tmp_path).columns)[4:] == ["green"]
    for number in range(3):
        paint(tmp_path, f"Image_{number:05}.png")
    assert list(run(tmp_path, "--scheme", "auto", "--force").columns)[4:] == ["image"]


def splits_of(sheet: pd.DataFrame) -> dict[str, int]:
    return sheet["split"].value_counts().to_dict()


@pytest.mark.parametrize("images", ["", "images/"])
def test_folders_that_are_the_split_become_its_column(tmp_path, capsys, images):
    for folder, number in (("train", 6), ("Valid", 2), ("test", 3)):
        plant(tmp_path, *(f"{folder}/{images}{n}.jpg" for n in range(number)))
    plant(tmp_path, "more/a.jpg")
    sheet = run(tmp_path)
    assert splits_of(sheet) == {"train": 6, "val": 2, "test": 3, "": 1}
    assert "val (2)" in capsys.readouterr().out
    assert sheet.loc[sheet["image"].str.startswith("Valid"), "split"].eq("val").all()


def test_a_condition_called_test_is_no_split(tmp_path):
    plant(tmp_path, "control/1.jpg", "test/2.jpg", "training/c.txt")
    assert "split" not in run(tmp_path)


def test_lists_of_names_are_the_split(tmp_path, capsys):
    plant(tmp_path, *(f"JPEGImages/Blood_{n:05}.jpg" for n in range(9)))
    lists = tmp_path / "raw/ImageSets/Main"
    lists.mkdir(parents=True)
    for name, numbers in {"trainval": range(6), "val": [4, 5], "test": [6, 7, 99]}.items():
        (lists / f"{name}.txt").write_text("".join(f"Blood_{n:05}\n" for n in numbers))
    (tmp_path / "raw/train.txt").write_text("a note\n")
    sheet = run(tmp_path).set_index("field")["split"]
    assert sheet.tolist() == ["train"] * 4 + ["val"] * 2 + ["test"] * 2 + [""]
    assert "by the lists in ImageSets/Main" in capsys.readouterr().out
    (lists / "train.txt").write_text("JPEGImages/Blood_00007.jpg\n")
    sentence = refusal(capsys, tmp_path)
    assert "ImageSets/Main/test.txt and ImageSets/Main/train.txt both name" in sentence


def test_a_part_of_the_training_set_becomes_val_where_there_is_none(tmp_path, capsys):
    plant(tmp_path, *(f"train/{n}.jpg" for n in range(20)), *(f"test/{n}.jpg" for n in range(5)))
    sheet = run(tmp_path)
    assert splits_of(sheet) == {"train": 16, "val": 4, "test": 5}
    assert "there was no val, so 4 fields of train became it" in capsys.readouterr().out
    assert run(tmp_path, "--scheme", "plain", "--force").equals(sheet)


def test_masks_next_to_images_are_no_fields(tmp_path, capsys):
    plant(tmp_path, *(f"images/{n}.jpg" for n in range(4)), "labels/1.png", "labels/2.png")
    plant(tmp_path, "Masks/3_mask.tif", "segmentation/other.png")
    sheet = run(tmp_path)
    assert len(sheet) == 5
    assert set(sheet["folder"]) == {"images", "segmentation"}
    said = capsys.readouterr().out
    assert "masks: 2 pictures in labels, which have the names of images" in said
    assert "masks: 1 pictures in Masks" in said


def test_a_pattern_decides_alone_what_files_and_splits_are(tmp_path):
    plant(tmp_path, "train/images/1.jpg", "train/labels/1.jpg", "test/images/2.jpg")
    sheet = run(tmp_path, r"(?P<field>.+)\.jpg")
    assert len(sheet) == 3
    assert "split" not in sheet
