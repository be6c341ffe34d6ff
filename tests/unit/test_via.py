"""VIA annotations: shapes to boxes, labels to classes, images to fields."""

import json
import math
import os
from pathlib import Path

import pandas as pd
import pytest

from cellpheno import tables
from cellpheno.annotations import formats, table, via
from cellpheno.annotations.regions import AnnotatedImage, Region
from cellpheno.errors import StudyError

SETTINGS = {"format": "via", "class_attribute": "class", "rename": {}}
RECTANGLE = {"name": "rect", "x": 10, "y": 20, "width": 30, "height": 40}


def region(shape: dict, label: object = "living") -> dict:
    return {"shape_attributes": shape, "region_attributes": {"class": label}}


@pytest.fixture
def write(tmp_path):
    """Writes a VIA project of images and their regions, and gives its path."""

    def write(images: dict[str, list[dict]], project: bool = True) -> Path:
        entries = {
            f"{name}123": {"filename": name, "size": 123, "regions": regions}
            for name, regions in images.items()
        }
        content = {"_via_settings": {}, "_via_img_metadata": entries} if project else entries
        path = tmp_path / "via.json"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def fields():
    """Two fields of two channels, 100 px wide and 80 high."""
    return pd.DataFrame(
        {
            "field": ["f1", "f2"],
            "actin": ["raw/day1/a_actin.tif", "raw/day1/b_actin.tif"],
            "dapi": ["raw/day1/a_dapi.tif", "raw/day2/a_dapi.tif"],
            "height": 80,
            "width": 100,
        }
    )


def import_(path: Path, fields: pd.DataFrame, **settings: object) -> tuple[pd.DataFrame, ...]:
    images = formats.read([path], {**SETTINGS, **settings})
    return table.to_tables(images, fields, ["actin", "dapi"], ["living", "dead"], "expert")


def boxes(path: Path, fields: pd.DataFrame, **settings: object) -> pd.DataFrame:
    return import_(path, fields, **settings)[0]


@pytest.mark.parametrize("project", [True, False])
def test_a_project_and_its_exported_regions_read_alike(write, project):
    [image] = via.read(write({"f1.png": [region(RECTANGLE)]}, project), "class")
    assert image.name == "f1.png"
    assert image.regions == (Region((10, 20, 40, 60), "living"),)


def test_an_image_without_regions_was_loaded_and_not_annotated(write):
    images = via.read(write({"f1.png": [region(RECTANGLE)], "f2.png": []}), "class")
    assert [image.name for image in images] == ["f1.png"]


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ({"name": "polygon", "all_points_x": [5, 9, 7], "all_points_y": [1, 3, 8]}, (5, 1, 9, 8)),
        ({"name": "circle", "cx": 20, "cy": 30, "r": 4}, (16, 26, 24, 34)),
        ({"name": "ellipse", "cx": 20, "cy": 30, "rx": 8, "ry": 3}, (12, 27, 28, 33)),
        (
            {"name": "ellipse", "cx": 20, "cy": 30, "rx": 8, "ry": 3, "theta": math.pi / 2},
            (17, 22, 23, 38),
        ),
    ],
)
def test_every_outline_becomes_the_box_around_it(write, shape, box):
    [image] = via.read(write({"f1.png": [region(shape)]}), "class")
    assert image.regions[0].box == pytest.approx(box)


def test_labels_lose_line_ends_and_are_renamed(write, fields):
    drawn = [region(RECTANGLE, "Living cell\n"), region(RECTANGLE, {"dead": True, "living": False})]
    table = boxes(write({"f1.png": drawn}), fields, rename={"Living cell": "living"})
    assert sorted(table["label"]) == ["dead", "living"]


def test_an_unknown_class_is_refused_by_file_image_and_label(write, fields):
    path = write({"f1.png": [region(RECTANGLE, "entosis")]})
    with pytest.raises(StudyError, match=r"f1\.png in .*via\.json .*'entosis'.*living, dead"):
        boxes(path, fields)


def test_a_region_without_a_class_is_refused(write):
    path = write({"f1.png": [region(RECTANGLE), {**region(RECTANGLE), "region_attributes": {}}]})
    with pytest.raises(StudyError, match=r"Region 2 of the image f1\.png .*class_attribute"):
        via.read(path, "class")


def test_a_point_has_no_box(write):
    path = write({"f1.png": [region({"name": "point", "cx": 1, "cy": 2})]})
    with pytest.raises(StudyError, match="Region 1 .*no outline"):
        via.read(path, "class")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"images": [], "annotations": []}'])
def test_a_file_that_is_not_from_via_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StudyError, match=r"a\.json"):
        via.read(tmp_path / "a.json", "class")


@pytest.mark.parametrize(
    "image", ["f1.png", "a_actin.tif", "a_actin.png", "C:\\x\\day1\\a_dapi.tif"]
)
def test_an_image_is_known_by_its_field_or_by_a_file_of_any_channel(write, fields, image):
    assert boxes(write({image: [region(RECTANGLE)]}), fields)["field"].tolist() == ["f1"]


def test_a_file_name_that_fits_two_fields_is_refused(write, fields):
    with pytest.raises(StudyError, match=r"a_dapi\.tif .*f1, f2"):
        boxes(write({"a_dapi.tif": [region(RECTANGLE)]}), fields)


def test_images_outside_the_sample_sheet_are_left_out_and_logged(write, fields, caplog):
    drawn = {"f1.png": [region(RECTANGLE)], "elsewhere.png": [region(RECTANGLE, "odd")] * 2}
    assert len(boxes(write(drawn), fields)) == 1
    assert "1 of 2 annotated images, with 2 regions" in caplog.text
    assert "elsewhere.png" in caplog.text


def test_annotations_that_match_no_field_at_all_are_an_error(write, fields):
    with pytest.raises(StudyError, match=r"None of the 1 .*elsewhere\.png"):
        boxes(write({"elsewhere.png": [region(RECTANGLE)]}), fields)


def test_boxes_are_clipped_sorted_and_dropped_where_nothing_is_left(write, fields, caplog):
    shapes = [
        {**RECTANGLE, "x": 90},
        {**RECTANGLE, "x": 0, "y": -5},
        {**RECTANGLE, "x": 100},
        {**RECTANGLE, "width": 0},
    ]
    drawn = {"f2.png": [region(RECTANGLE)], "f1.png": [region(shape) for shape in shapes]}
    table = boxes(write(drawn), fields)
    assert table["field"].tolist() == ["f1", "f1", "f2"]
    assert table[tables.BOX_COLUMNS].to_numpy().tolist() == [
        [0, 0, 30, 35],
        [90, 20, 100, 60],
        [10, 20, 40, 60],
    ]
    assert caplog.text.count("no area") == 2


def test_boxes_of_a_field_that_could_not_be_read_are_left_out(write, fields):
    fields = fields.astype({"height": float})
    fields.loc[0, "height"] = float("nan")
    drawn = {"f1.png": [region(RECTANGLE)], "f2.png": [region(RECTANGLE)]}
    assert boxes(write(drawn), fields)["field"].tolist() == ["f2"]


def test_every_annotated_field_is_listed_with_its_number_of_boxes(fields):
    cell = Region((10, 20, 40, 60), "living")
    images = [AnnotatedImage("f2", (), "a.xml"), AnnotatedImage("a_actin", (cell, cell), "b.xml")]
    _, annotated = table.to_tables(images, fields, ["actin", "dapi"], ["living"], "expert")
    assert annotated.to_dict("list") == {"field": ["f1", "f2"], "n_boxes": [2, 0]}


@pytest.mark.parametrize(("name", "source"), [("a_dapi", "a.json"), ("f1", "b.json")])
def test_a_field_that_is_annotated_twice_is_refused(fields, name, source):
    fields.loc[1, "dapi"] = "raw/day2/b_dapi.tif"
    cell = Region((10, 20, 40, 60), "living")
    images = [AnnotatedImage("a_actin", (cell,), "a.json"), AnnotatedImage(name, (cell,), source)]
    with pytest.raises(StudyError, match=rf"f1 .*a_actin in a\.json .*{name} in {source}"):
        table.to_tables(images, fields, ["actin", "dapi"], ["living"], "expert")


def test_a_field_whose_boxes_all_vanish_does_not_pass_for_one_without_cells(write, fields):
    drawn = {"f1.png": [region({**RECTANGLE, "x": 100})], "f2.png": [region(RECTANGLE)]}
    _, annotated = import_(write(drawn), fields)
    assert annotated["field"].tolist() == ["f2"]


@pytest.mark.real_data
@pytest.mark.parametrize(("split", "regions"), [("train", 398), ("val", 98), ("test", 87)])
@pytest.mark.parametrize("name", ["project.json", "via_region_data.json"])
def test_a_genuine_project_gives_every_polygon(split, regions, name):
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    found = via.read(Path(folder, "via_zebrafish", split, name), "class")
    drawn = [region for image in found for region in image.regions]
    assert len(drawn) == regions
    assert {region.label for region in drawn} <= {"Healthy", "Deformed", "Death"}
