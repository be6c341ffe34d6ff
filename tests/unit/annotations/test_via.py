"""VIA annotations: shapes to boxes and areas, attributes to classes."""

import collections
import json
import math
import os
from pathlib import Path

import pytest

from cellpheno.annotations.formats import registry, via
from cellpheno.annotations.regions import Region
from cellpheno.core.errors import StudyError

RECTANGLE = {"name": "rect", "x": 10, "y": 20, "width": 30, "height": 40}
SPLITS = ("train", "val", "test")


def region(shape: dict, label: object = "living") -> dict:
    return {"shape_attributes": shape, "region_attributes": {"class": label}}


@pytest.fixture
def write(tmp_path):
    """Writes a VIA project of images and their regions, and gives its path."""

    def write(images: dict[str, object], project: bool = True) -> Path:
        entries = {
            f"{name}123": {"filename": name, "size": 123, "regions": regions}
            for name, regions in images.items()
        }
        content = {"_via_settings": {}, "_via_img_metadata": entries} if project else entries
        path = tmp_path / "via.json"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.mark.parametrize("project", [True, False])
def test_a_project_and_its_exported_regions_read_alike(write, project):
    [image] = via.read(write({"f1.png": [region(RECTANGLE)]}, project), "class")
    assert image.name == "f1.png"
    assert image.regions == (Region((10, 20, 40, 60), "living"),)


@pytest.mark.parametrize(
    ("settings", "folder"),
    [({"core": {"default_filepath": "plates/2/"}}, "plates/2/"), ({"core": None}, ""), (7, "")],
)
def test_a_project_gives_the_folder_of_its_images(write, settings, folder):
    path = write({"f1.png": [region(RECTANGLE)]})
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "_via_settings": settings}))
    [image] = via.read(path, "class")
    assert image.folder == folder


@pytest.mark.parametrize("before", ["", "#", "\ufeff#"])  # VIA 2, VIA 1, VIA 1 saved by Excel
def test_the_csv_export_reads_like_the_project(tmp_path, before):
    header = f"{before}filename,file_size,file_attributes,region_count,region_id,"
    header += "region_shape_attributes,region_attributes\n"
    shape, label = (
        json.dumps(part).replace('"', '""') for part in (RECTANGLE, {"class": "living"})
    )
    rows = f'f1.png,123,"{{}}",1,0,"{shape}","{label}"\nf2.png,99,"{{}}",0,0,"{{}}","{{}}"\n'
    (tmp_path / "via.csv").write_text(header + rows)
    first, second = via.read(tmp_path / "via.csv", "class")
    assert first.regions == (Region((10, 20, 40, 60), "living"),)
    assert (second.name, second.gone_through) == ("f2.png", False)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_shape_of_the_csv_export_counts_whatever_its_region_count(tmp_path, count):
    header = "filename,file_size,file_attributes,region_count,region_id,"
    header += "region_shape_attributes,region_attributes\n"
    shape, label = (
        json.dumps(part).replace('"', '""') for part in (RECTANGLE, {"class": "living"})
    )
    (tmp_path / "via.csv").write_text(f'{header}f1.png,123,"{{}}",{count},0,"{shape}","{label}"\n')
    [image] = via.read(tmp_path / "via.csv", "class")
    assert (len(image.regions), image.gone_through) == (1, True)


def test_a_row_of_the_csv_export_without_a_region_may_leave_its_last_cells_empty(tmp_path):
    header = "filename,file_size,file_attributes,region_count,region_id,"
    header += "region_shape_attributes,region_attributes\n"
    (tmp_path / "via.csv").write_text(f"{header}f1.png,123,,0,,,\nf2.png,9,,0\n")
    assert [image.gone_through for image in via.read(tmp_path / "via.csv", "class")] == [False] * 2


def test_regions_of_via_1_read_alike(write):
    [image] = via.read(write({"f1.png": {"0": region(RECTANGLE)}}), "class")
    assert image.regions == (Region((10, 20, 40, 60), "living"),)


def test_an_image_without_regions_was_loaded_and_not_annotated(write):
    images = via.read(write({"f1.png": [region(RECTANGLE)], "f2.png": []}), "class")
    assert [(image.name, image.gone_through) for image in images] == [
        ("f1.png", True),
        ("f2.png", False),
    ]


@pytest.mark.parametrize(
    ("shape", "box", "area"),
    [
        (
            {"name": "polygon", "all_points_x": [5, 9, 7], "all_points_y": [1, 3, 8]},
            (5, 1, 9, 8),
            12,
        ),
        ({"name": "polyline", "all_points_x": [5, 9], "all_points_y": [1, 3]}, (5, 1, 9, 3), None),
        ({"name": "circle", "cx": 20, "cy": 30, "r": 4}, (16, 26, 24, 34), 16 * math.pi),
        (
            {"name": "ellipse", "cx": 20, "cy": 30, "rx": 8, "ry": 3},
            (12, 27, 28, 33),
            24 * math.pi,
        ),
        (
            {"name": "ellipse", "cx": 20, "cy": 30, "rx": 8, "ry": 3, "theta": math.pi / 2},
            (17, 22, 23, 38),
            24 * math.pi,
        ),
    ],
)
def test_every_outline_becomes_the_box_around_it_and_keeps_its_area(write, shape, box, area):
    [image] = via.read(write({"f1.png": [region(shape)]}), "class")
    assert image.regions[0].box == pytest.approx(box)
    assert image.regions[0].area == pytest.approx(area)
    assert image.regions[0].shape == shape["name"]


def test_of_boxes_to_tick_the_ticked_one_is_the_class(write):
    drawn = [region(RECTANGLE, {"dead": True, "living": False}), region(RECTANGLE, 0)]
    [image] = via.read(write({"f1.png": drawn}), "class")
    assert [drawn.label for drawn in image.regions] == ["dead", "0"]


@pytest.mark.parametrize(
    "label", ["", " \n", None, {}, {"dead": True, "living": True}, ["dead"], True, "\ud800"]
)
def test_a_region_without_a_class_is_refused(write, label):
    path = write({"f1.png": [region(RECTANGLE), region(RECTANGLE, label)]})
    with pytest.raises(StudyError, match=r"Region 2 of the image f1\.png .*class_attribute"):
        via.read(path, "class")


@pytest.mark.parametrize(
    "shape",
    [
        {"name": "point", "cx": 1, "cy": 2},
        {"name": "polygon", "all_points_x": [], "all_points_y": []},
        {"name": "polygon", "all_points_x": [1, 2, 3], "all_points_y": [1, 2]},
        {"name": "polygon", "all_points_x": [1, 2, [3]], "all_points_y": [1, 2, 3]},
        {"name": "circle", "cx": 1, "cy": 2, "r": -3},
        {**RECTANGLE, "width": -1},
        {**RECTANGLE, "x": float("nan")},
        {**RECTANGLE, "x": float("inf")},
        {**RECTANGLE, "x": 10**400},
        {**RECTANGLE, "x": "1_0"},
        {**RECTANGLE, "x": True},
        {"x": 1},
        {"name": ["rect"]},
        None,
    ],
)
def test_a_region_without_an_area_is_refused(write, shape):
    with pytest.raises(StudyError, match="Region 1 .*no outline"):
        via.read(write({"f1.png": [region(shape)]}), "class")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("{", "JSON"),
        ("[]", "not a VIA 2 project"),
        ("{}", "not a VIA 2 project"),
        ('{"a": {"filename": "a.png", "regions": 5}}', "not a VIA 2 project"),
        ('{"a": {"filename": 7, "regions": []}}', "not a VIA 2 project"),
        ('{"images": [], "annotations": []}', "looks like COCO"),
        ('{"shapes": []}', "looks like labelme"),
        ('{"view": {}, "metadata": {}}', "VIA 3"),
        ("<annotation/>", "looks like XML"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": {"filename": "a", "regions": []}, "a": {}}', "'a' is repeated"),
    ],
)
def test_a_file_that_is_not_from_via_is_refused_with_what_it_looks_like(tmp_path, text, words):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StudyError, match=rf"a\.json .*{words}"):
        via.read(tmp_path / "a.json", "class")


def test_text_that_is_not_utf_8_is_refused_by_its_first_such_byte(tmp_path):
    (tmp_path / "a.json").write_bytes('{\n"größe": 1}'.encode("latin-1"))
    with pytest.raises(StudyError, match=r"a\.json .*0xf6 at position 5, line 2"):
        via.read(tmp_path / "a.json", "class")


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["project.json", "via_region_data.json"])
def test_genuine_projects_give_every_polygon_and_report_the_label_with_a_line_end(name):
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    paths = {split: Path(folder, "via_zebrafish", split, name) for split in SPLITS}
    settings = {"format": "via", "class_attribute": "class"}
    images = {split: registry.read([path], settings) for split, path in paths.items()}
    labels = {
        split: collections.Counter(region.label for image in found for region in image.regions)
        for split, found in images.items()
    }
    assert {split: sum(counts.values()) for split, counts in labels.items()} == {
        "train": 398,
        "val": 98,
        "test": 87,
    }
    assert labels["val"] == {"Healthy": 86, "Deformed": 9, "Death": 3}
    assert "Death" not in labels["train"]
    stray = [
        (split, note.n, note.action, note.example)
        for split, found in images.items()
        for image in found
        for note in image.notes
        if "stray" in note.problem
    ]
    assert stray == [("val", 1, "read as 'Deformed'", r"'Deformed\n'")]
    assert all(region.area > 0 for image in images["val"] for region in image.regions)
