"""labelme annotations: shapes to boxes and areas, one file per image."""

import json
import math

import pytest

from cellpheno.annotations.formats import labelme, registry
from cellpheno.annotations.regions import Note, Region
from cellpheno.core.errors import StudyError


def document(*shapes: dict, image: str = "a.png", **further: object) -> str:
    content = {"version": "5.5.0", "shapes": list(shapes), "imagePath": image}
    return json.dumps({**content, "imageHeight": 80, "imageWidth": 100, **further})


def shape(kind: str | None, *points: tuple, label: object = "living", group: object = None) -> dict:
    return {"label": label, "points": points, "shape_type": kind, "group_id": group}


@pytest.mark.parametrize(
    ("drawn", "region"),
    [
        (shape("rectangle", (40, 60), (10, 20)), Region((10, 20, 40, 60), "living")),
        (
            shape("rectangle", (10, 20), (40, 20), (40, 60), (10, 60)),
            Region((10, 20, 40, 60), "living"),
        ),
        (
            shape("polygon", (10, 20), (40, 20), (10, 60)),
            Region((10, 20, 40, 60), "living", "polygon", 600),
        ),
        (
            shape(None, (10, 20), (40, 20), (10, 60)),
            Region((10, 20, 40, 60), "living", "polygon", 600),
        ),
        (
            shape("circle", (20, 30), (20, 34)),
            Region((16, 26, 24, 34), "living", "circle", 16 * math.pi),
        ),
        # a mask's points are its first and its last pixel
        (shape("mask", (10, 20), (39, 59)), Region((10, 20, 40, 60), "living", "mask")),
    ],
)
def test_every_shape_becomes_the_box_around_it(tmp_path, drawn, region):
    (tmp_path / "a.json").write_text(document(drawn))
    image = labelme.read(tmp_path / "a.json")
    assert image.regions == (region,)
    assert image.size == (100, 80)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("..\\images\\a.png", "../images/a.png"),
        ("/old/place/a.b.png", "a"),
        ("renamed.png", "a"),
        (5, "a"),
    ],
)
def test_the_file_names_the_image_and_its_path_only_gives_the_folder(tmp_path, path, name):
    (tmp_path / "a.json").write_text(document(image=path))
    assert labelme.read(tmp_path / "a.json").name == name


def test_a_folder_is_read_in_the_order_of_names_with_images_without_cells(tmp_path):
    drawn = shape("rectangle", (40, 60), (10, 20))
    (tmp_path / "b.json").write_text(document(drawn, image="b.png"))
    (tmp_path / "a.json").write_text(document())
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "._a.json").write_bytes(b"left by macOS")
    images = registry.read([tmp_path], {"format": "labelme"})
    assert [(image.name, len(image.regions)) for image in images] == [("a.png", 0), ("b.png", 1)]
    assert all(image.gone_through for image in images)


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (shape("point", (1, 2)), "point of 1 points"),
        (shape("line", (1, 2), (3, 4)), "line of 2 points"),
        (shape("circle", (1, 2)), "circle of 1 points"),
        (shape("polygon"), "0 values"),
        (shape("polygon", (1, 2, 3)), "does not have two coordinates"),
        (shape("polygon", (1, float("nan"))), "not a position"),
        (shape("rectangle", (40, 60), (10, 20), label="\n"), "no label"),
        (shape("rectangle", (40, 60), (10, 20), label=None), "not text"),
        (shape("rectangle", (40, 60), (10, 20), label="\ud83d"), "half a character"),
        ({"points": [[1, 2], [3, 4]]}, "no 'label'"),
        ({"label": "living"}, "no 'points'"),
    ],
)
def test_a_shape_that_cannot_be_read_is_named(tmp_path, drawn, words):
    (tmp_path / "a.json").write_text(document(shape("rectangle", (4, 6), (1, 2)), drawn))
    with pytest.raises(StudyError, match=rf"Shape 2 of .*a\.json .*{words}"):
        labelme.read(tmp_path / "a.json")


@pytest.mark.parametrize("text", ["[]", '{"shapes": {}}', '{"shapes": [], "imageWidth": "x"}'])
def test_a_file_of_another_format_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StudyError, match=r"a\.json is not a labelme annotation"):
        labelme.read(tmp_path / "a.json")


LEFT = ((10, 20), (40, 20), (10, 60))
RIGHT = ((50, 30), (60, 30), (60, 70), (50, 70))


def test_shapes_of_a_group_are_parts_of_one_cell(tmp_path):
    drawn = [shape("polygon", *LEFT, group=0), shape("polygon", *LEFT)]
    drawn += [shape("polygon", *RIGHT, group=0, label="living "), shape("polygon", *RIGHT)]
    (tmp_path / "a.json").write_text(document(*drawn))
    image = labelme.read(tmp_path / "a.json")
    assert image.regions == (
        Region((10, 20, 60, 70), "living", "polygon", 1000),
        Region((10, 20, 40, 60), "living", "polygon", 600),
        Region((50, 30, 60, 70), "living", "polygon", 400),
    )
    assert image.notes == (Note("cell in several shapes", "counts as one cell", 1),)


def test_the_area_of_a_cell_is_unknown_where_that_of_a_part_is(tmp_path):
    drawn = [shape("polygon", *LEFT, group=3), shape("rectangle", (50, 30), (60, 70), group=3)]
    (tmp_path / "a.json").write_text(document(*drawn))
    [region] = labelme.read(tmp_path / "a.json").regions
    assert (region.box, region.area) == ((10, 20, 60, 70), None)


def test_parts_of_a_cell_with_different_labels_are_refused(tmp_path):
    drawn = [shape("polygon", *LEFT, group=3), shape("polygon", *RIGHT, group=3, label="dead")]
    (tmp_path / "a.json").write_text(document(*drawn))
    with pytest.raises(StudyError, match=r"group_id 3 in .*a\.json .*'living' and 'dead'"):
        labelme.read(tmp_path / "a.json")
