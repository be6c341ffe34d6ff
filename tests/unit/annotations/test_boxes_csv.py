"""Boxes as a table: columns by their usual names or the config's, every bad row named."""

import os
from pathlib import Path

import pytest

from cellpheno.annotations.formats import boxes_csv
from cellpheno.annotations.regions import Note, Region
from cellpheno.core.errors import StudyError

HEADER = "image,xmin,ymin,xmax,ymax,label\n"


def read(tmp_path, text: str, with_class: bool = True, **columns: str):
    (tmp_path / "a.csv").write_text(text)
    return boxes_csv.read(tmp_path / "a.csv", columns, with_class)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "f1.png,10,20,40,60,living\n",
        "Class\tX_min\tY_min\tX_max\tY_max\tField\nliving\t10\t20\t40\t60\tf1.png",
        '"label"; "file name"; "bbox_xmin"; "bbox_ymin"; "bbox_xmax"; "bbox_ymax"; "note"\r\n'
        "living; f1.png; 10; 20; 4e1; 60.0; a, b\r\n\r\n",
        "\ufeff" + HEADER + '"f1.png",10,20,40,60,"living"\n',
    ],
)
def test_columns_are_known_by_their_usual_names(tmp_path, text):
    [image] = read(tmp_path, text.replace('; "', ';"'))
    assert image.name == "f1.png"
    assert image.regions == (Region((10, 20, 40, 60), "living"),)


def test_columns_may_be_named(tmp_path):
    text = "tile,left,top,right,bottom,label,what\nf1,1,2,3,4,9,living\n"
    named = {"image": "tile", "x_min": "left", "y_min": "top", "x_max": "right"}
    [image] = read(tmp_path, text, **named, y_max="bottom", label="what")
    assert image.regions == (Region((1, 2, 3, 4), "living"),)


def test_a_label_column_is_not_looked_at_where_the_class_comes_from_elsewhere(tmp_path):
    [image] = read(tmp_path, HEADER + "f1,1,2,3,4,17\n", with_class=False)
    assert image.regions == (Region((1, 2, 3, 4), ""),)


def test_an_area_is_read_where_there_is_one(tmp_path):
    text = HEADER.replace("\n", ",area\n") + "f1,1,2,3,4,living,3.5\nf1,1,2,3,4,living,\n"
    [image] = read(tmp_path, text)
    assert [region.area for region in image.regions] == [3.5, None]


def test_a_row_without_numbers_is_an_image_without_cells(tmp_path):
    first, second = read(tmp_path, HEADER + "f1,1,2,3,4,living\nf2,,,,,\n")
    assert (first.name, len(first.regions)) == ("f1", 1)
    assert (second.name, second.regions, second.gone_through) == ("f2", (), True)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("f1,1,2,3,living", "'living' is not a number"),
        ("f1,one,2,3,4,living", "'one' is not a number"),
        ("f1,1,2,,4,living", "'' is not a number"),
        ("f1,1,2,inf,4,living", "not a position"),
        ("f1,1,2,1e300,4,living", "not a position"),
        ("f1,9,2,3,4,living", "negative"),
        ("f1,1,2,3,4,", "no class"),
        (",1,2,3,4,living", "no image"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path, row, words):
    with pytest.raises(StudyError, match=rf"Line 3 of .*a\.csv .*{words}"):
        read(tmp_path, f"{HEADER}f1,1,2,3,4,living\n{row}\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f1,1,2,3,4,living\nf1,5,6,7,8,dead\n", "no column image"),
        ("image,xmin,ymin,xmax,ymax\nf1,1,2,3,4\n", "no column label .*annotations.label"),
        (HEADER, "no rows"),
        (HEADER + "f1,1,2,3,4,living,more\n", "Line 2 of .*7 values"),
        (HEADER + 'f1,1,2,3,4,"living', "Line 2 of .*quotation marks"),
        (HEADER.replace("label", "label,class") + "f1,1,2,3,4,a,b", "2 columns .*label, class"),
        ("", "empty"),
    ],
)
def test_a_table_without_the_columns_it_needs_is_refused(tmp_path, text, words):
    with pytest.raises(StudyError, match=words):
        read(tmp_path, text)


@pytest.mark.real_data
def test_a_genuine_table_is_read_by_its_own_header():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    images = boxes_csv.read(Path(folder, "nucleusseg/boxes.csv"), {}, with_class=False)
    assert len(images) == 41
    assert sum(len(image.regions) for image in images) == 3726
    assert images[0].regions[0] == Region((172, 55, 205, 87), "", "mask", 763)


def test_an_area_of_0_was_not_measured(tmp_path):
    [image] = read(tmp_path, HEADER.replace("\n", ",area\n") + "f1,1,2,3,4,living,0\n")
    assert image.regions == (Region((1, 2, 3, 4), "living", "mask"),)
    assert image.notes == (Note("area of 0", "counts as unknown", 1),)


def test_a_table_exported_from_via_is_named(tmp_path):
    text = "#filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
    with pytest.raises(StudyError, match=r"exported from VIA.*annotations\.format to via"):
        read(tmp_path, text + "region_attributes\nf1.png,1,{},0,0,{},{}\n")
