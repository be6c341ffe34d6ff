"""COCO annotations: boxes and areas, references that must hold, crowds."""

import json

import pytest

from cellpheno.annotations.formats import coco
from cellpheno.annotations.regions import Note, Region
from cellpheno.core import notices
from cellpheno.core.errors import StudyError

IMAGE = {"id": 1, "file_name": "day1/f1.png", "width": 100, "height": 80}
CELL = {"id": 7, "image_id": 1, "category_id": 3, "bbox": [10, 20, 30, 40]}
TRIANGLE = [10, 20, 40, 20, 10, 60]


@pytest.fixture
def write(tmp_path):
    """Writes a COCO file of one image, and gives its path."""

    def write(*annotations: object, images: object = (IMAGE,), **further: object):
        categories = [{"id": 3, "name": "living"}]
        content = {"images": list(images), "annotations": list(annotations)}
        path = tmp_path / "coco.json"
        path.write_text(json.dumps({**content, "categories": categories, **further}))
        return path

    return write


def test_a_box_is_given_by_its_corner_and_size(write):
    [image] = coco.read(write(CELL))
    assert (image.name, image.size) == ("day1/f1.png", (100, 80))
    assert image.regions == (Region((10, 20, 40, 60), "living"),)


@pytest.mark.parametrize(
    ("further", "shape", "area"),
    [
        ({"area": 1200}, "rectangle", None),  # of the box, which adds nothing
        ({"segmentation": [], "area": 1200}, "rectangle", None),
        ({"segmentation": [TRIANGLE], "area": 599}, "polygon", 599),
        ({"segmentation": [TRIANGLE]}, "polygon", 600),
        ({"segmentation": {"counts": "abc", "size": [80, 100]}, "area": 590}, "mask", 590),
        ({"segmentation": {"counts": "abc", "size": [80, 100]}}, "mask", None),
    ],
)
def test_the_area_is_that_of_the_segmentation(write, further, shape, area):
    [image] = coco.read(write({**CELL, **further}))
    assert image.regions == (Region((10, 20, 40, 60), "living", shape, area),)


def test_without_a_box_it_is_the_one_around_the_polygons(write):
    pieces = [TRIANGLE, [50, 10, 55, 10, 55, 15, 50, 15]]
    cell = {**{k: v for k, v in CELL.items() if k != "bbox"}, "segmentation": pieces}
    [image] = coco.read(write(cell))
    assert image.regions == (Region((10, 10, 55, 60), "living", "polygon", 625),)


def test_an_image_without_annotations_counts_as_annotated(write):
    [image] = coco.read(write())
    assert image.gone_through
    assert image.regions == ()


def test_crowds_are_left_out_with_a_note(write):
    [image] = coco.read(write(CELL, {**CELL, "iscrowd": 1}, {**CELL, "iscrowd": 1}))
    assert len(image.regions) == 1
    assert image.notes == (Note("region marked as a crowd", "left out", 2),)
    assert image.gone_through
    assert not image.complete


def test_crowds_are_cells_where_the_config_says_so(write):
    brush = {**CELL, "iscrowd": 1, "segmentation": {"counts": [5, 9], "size": [80, 100]}}
    [image] = coco.read(write(CELL, {**brush, "area": 9}), crowds="cells")
    assert image.regions[1] == Region((10, 20, 40, 60), "living", "mask", 9)
    assert image.notes == (Note("region marked as a crowd", "counts as one cell", 1),)
    assert image.complete


@pytest.mark.parametrize(
    ("segmentation", "area", "action"),
    [
        ([TRIANGLE], 600, "that of the polygons"),
        ({"counts": "abc", "size": [80, 100]}, None, "counts as unknown"),
        ([{"counts": "abc", "size": [80, 100]}] * 2, None, "counts as unknown"),
    ],
)
def test_an_area_of_0_was_not_measured(write, segmentation, area, action):
    [image] = coco.read(write({**CELL, "segmentation": segmentation, "area": 0}))
    assert image.regions[0].area == area
    assert image.regions[0].box == (10, 20, 40, 60)
    assert image.notes == (Note("area of 0", action, 1),)


def test_an_outline_that_is_a_line_has_no_area(write):
    [image] = coco.read(write({**CELL, "segmentation": [[10, 20, 40, 60]], "area": 0}))
    assert image.regions[0].area == 0
    assert image.notes == ()


def test_a_box_without_area_gives_way_to_the_one_around_the_polygon(write):
    [image] = coco.read(write({**CELL, "bbox": [0, 0, 0, 0], "segmentation": [TRIANGLE]}))
    assert image.regions == (Region((10, 20, 40, 60), "living", "polygon", 600),)
    assert image.notes == (Note("bbox without area", "that of the polygons", 1),)


@pytest.mark.parametrize(("drawn", "area"), [([[]], None), ([[], TRIANGLE], 600)])
def test_an_empty_polygon_is_passed_over(write, drawn, area):
    [image] = coco.read(write({**CELL, "segmentation": drawn}))
    assert image.regions[0].box == (10, 20, 40, 60)
    assert image.regions[0].area == area
    assert bool(image.notes) == (area is None)


def test_an_image_full_of_cells_was_not_found_empty(write):
    other = {"id": 2, "file_name": "f2.png"}
    crowd = {**CELL, "image_id": 2, "iscrowd": 1}
    _, image = coco.read(write(CELL, crowd, images=[IMAGE, other]))
    assert not image.gone_through


def test_a_warning_of_crowds_says_who_marks_cells_so_and_what_to_set(write, monkeypatch):
    monkeypatch.setattr(notices, "_given", [])
    coco.read(write(CELL, {**CELL, "iscrowd": 1}))
    [warning] = notices.given()
    assert warning.startswith("1 of the 2 annotations of ")
    assert "CVAT" in warning
    assert "annotations.crowds" in warning


def test_a_file_of_crowds_alone_is_refused(write):
    with pytest.raises(StudyError, match=r"2 of the 2 .*coco\.json .*annotations\.crowds"):
        coco.read(write(*[{**CELL, "iscrowd": 1}] * 2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image_id": 2}, "no image with the id 2"),
        ({"image_id": [1]}, "does not have the structure"),
        ({"category_id": 9}, "no category with the id 9"),
        ({"bbox": [1, 2, 3]}, "3 numbers, not 4"),
        ({"bbox": [1, 2, -3, 4]}, "negative"),
        ({"bbox": [1, 2, float("nan"), 4]}, "not a position"),
        ({"bbox": None}, "cannot be read"),
        ({"bbox": None, "segmentation": [[1, 2, 3]]}, "2 values of x and 1 of y"),
        ({"segmentation": [TRIANGLE], "area": -1}, "negative"),
        ({"segmentation": [TRIANGLE], "area": float("inf")}, "not a position"),
    ],
)
def test_an_annotation_that_cannot_be_read_is_named(write, change, words):
    with pytest.raises(StudyError, match=rf"Annotation 2 \(id 7\) of .*coco\.json .*{words}"):
        coco.read(write(CELL, {**CELL, **change}))


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([IMAGE, IMAGE], "the image id 1; ids must differ"),
        ([{"file_name": "a.png"}], "image number 1 .*no id"),
        ([{"id": 1}], "no 'file_name'"),
        ([{**IMAGE, "file_name": 5}], "5 is not text"),
        ([{**IMAGE, "width": "wide"}], "'wide' is not a number"),
    ],
)
def test_an_image_without_an_identity_is_refused(write, images, words):
    with pytest.raises(StudyError, match=words):
        coco.read(write(images=images))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "is not a COCO file"),
        ('[{"image_id": 1, "bbox": [1, 2, 3, 4]}]', "COCO results"),
        ('{"images": [], "annotations": []}', "is not a COCO file"),
        ('{"images": 1, "annotations": [], "categories": []}', "is not a COCO file"),
        ('{"a": {"filename": "a.png", "regions": []}}', "looks like VIA 2"),
    ],
)
def test_a_file_of_another_format_is_refused(tmp_path, text, words):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StudyError, match=words):
        coco.read(tmp_path / "a.json")


def test_a_broken_file_is_not_said_to_look_like_what_it_should_be(tmp_path):
    (tmp_path / "a.json").write_text('{"images": [], "annotations": []}')
    with pytest.raises(StudyError) as error:
        coco.read(tmp_path / "a.json")
    assert "looks like" not in str(error.value)
