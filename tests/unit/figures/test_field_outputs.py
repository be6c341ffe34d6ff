"""Pictures and crops of a field, as the published tool gives them, without its flaws."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cellpheno.figures import painting, style
from cellpheno.figures.images import field_outputs
from cellpheno.tables.columns import BOX_COLUMNS

CLASSES = ["non-CIC", "partial", "in turn"]
PALETTE = style.Palette(CLASSES, "non-CIC", {}, [], scheme="published")
MAGENTA = (255, 0, 255)


def cells_table(rows):
    columns = [*BOX_COLUMNS, "call", "cls_score", "det_score", "score"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(20, 120, (120, 160, 3)).astype(np.uint8)


@pytest.fixture
def cells():
    return cells_table(
        [
            (10.0, 40.0, 40.0, 80.0, "non-CIC", 0.83, 0.9, 0.83),
            (100.0, 20.0, 140.0, 60.0, "partial", 0.71, 0.9, 0.71),
            (-3.0, 95.0, 28.0, 124.0, "in turn", 0.656, 0.9, 0.656),
        ]
    )


@pytest.fixture
def written(tmp_path, image, cells):
    """Folder of a field with three called cells and one box more that is none."""
    detections = cells[BOX_COLUMNS].assign(score=cells["det_score"])
    detections.loc[3] = [60.0, 70.0, 90.0, 100.0, 0.2]
    field_outputs.write(tmp_path / "f1", image, detections, cells, PALETTE, margin=0.1)
    return tmp_path / "f1"


def read(path):
    return np.asarray(Image.open(path))


def test_a_field_has_its_pictures_and_its_crops_by_class(written):
    assert sorted(path.relative_to(written).as_posix() for path in written.rglob("*.png")) == [
        "crops/in_turn/0.66_92_0.png",
        "crops/non-CIC/0.83_36_7.png",
        "crops/partial/0.71_16_96.png",
        "detections.png",
        "mask.png",
        "original.png",
        "prediction.png",
    ]


def test_a_crop_is_the_grown_box_clipped_to_the_field(written, image):
    np.testing.assert_array_equal(read(written / "original.png"), image)
    inner = read(written / "crops/partial/0.71_16_96.png")
    np.testing.assert_array_equal(inner, image[16:64, 96:144])
    edge = read(written / "crops/in_turn/0.66_92_0.png")
    np.testing.assert_array_equal(edge, image[92:120, 0:31])


def test_the_mask_shows_only_cells_called_special(written, image):
    expected = np.zeros_like(image)
    expected[16:64, 96:144] = image[16:64, 96:144]
    expected[92:120, 0:31] = image[92:120, 0:31]
    np.testing.assert_array_equal(read(written / "mask.png"), expected)


def test_every_proposed_box_is_magenta_in_the_picture_of_detections(written):
    picture = read(written / "detections.png")
    for x, y in [(39, 60), (139, 40), (27, 110), (89, 90)]:
        assert tuple(picture[y, x]) == MAGENTA


def test_a_called_cell_has_the_colour_of_its_class_below_a_header(written, image):
    picture = read(written / "prediction.png")
    band = len(picture) - len(image)
    assert band > 0
    assert tuple(picture[band + 60, 39]) == (0, 0, 0)
    assert tuple(picture[band + 40, 139]) == (255, 255, 0)
    assert tuple(picture[band + 110, 27]) == (255, 0, 0)
    header = {tuple(pixel) for pixel in picture[:band].reshape(-1, 3)}
    assert {(128, 128, 128), (0, 0, 0), (255, 255, 0), (255, 0, 0)} <= header


def test_a_field_without_cells_has_pictures_and_no_crops(tmp_path, image):
    none = cells_table([]).astype(dict.fromkeys(BOX_COLUMNS, float))
    field_outputs.write(tmp_path / "f", image, none, none, PALETTE, 0.1)
    assert len(list((tmp_path / "f").iterdir())) == 4
    assert not read(tmp_path / "f/mask.png").any()


def test_a_smaller_box_is_not_hidden_below_a_larger_one(image):
    boxes = np.array([[60.0, 60, 70, 70], [20, 20, 70, 70]])
    picture = painting.draw_boxes(image, boxes, ["#FF0000", "#0000FF"], ["", ""])
    assert tuple(picture[69, 66]) == (255, 0, 0)


def test_cells_of_one_class_score_and_corner_keep_a_crop_each():
    areas = np.array([[0, 0, 9, 9], [0, 0, 12, 9], [0, 0, 9, 9]])
    rows = [(0, 0, 8, 8, name, 0.5, 1, 1) for name in ("partial", "partial", "non-CIC")]
    names = field_outputs.crop_names(cells_table(rows), areas, PALETTE)
    assert names == ["partial/0.50_0_0.png", "partial/0.50_0_0_2.png", "non-CIC/0.50_0_0.png"]


def test_class_names_become_folders_that_every_disk_can_hold():
    classes = ["in turn", "in/turn", "IN_turn", "..", "a" * 300, "ß", ".hidden", "one-in-one"]
    names = field_outputs.folder_names(classes)
    assert names["in turn"] == "in_turn"
    assert names["in/turn"] == "in_turn_2"
    assert names["IN_turn"] == "IN_turn_3"
    assert names["one-in-one"] == "one-in-one"
    assert len({name.casefold() for name in names.values()}) == len(classes)
    for name in names.values():
        assert "/" not in name
        assert not name.startswith(".")
        assert 0 < len(name) < 80


def overlap(first, second):
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return width > 0 and height > 0


def test_labels_cover_no_other_label_and_stay_in_the_field(image):
    low = np.array([[x, y] for y in range(0, 120, 40) for x in range(0, 160, 40)], float)
    places = painting.place_labels(np.hstack([low, low + 38]), [(24, 12)] * len(low), image)
    pairs = [(a, b) for row, a in enumerate(places) for b in places[:row]]
    assert not any(overlap(a, b) for a, b in pairs)
    for x_min, y_min, x_max, y_max in places:
        assert min(x_min, y_min) >= 0
        assert x_max <= 160
        assert y_max <= 120


def test_a_label_lies_in_a_large_box_and_below_a_small_one(image):
    boxes = np.array([[10.0, 10, 60, 60], [80, 10, 100, 30]])
    large, small = painting.place_labels(boxes, [(24, 12)] * 2, image)
    assert large == (10, 10, 34, 22)
    assert small == (80, 30, 104, 42)


def test_a_header_fits_any_width():
    entries = [(f"a long name of a class {n}: 100", "#FF0000") for n in range(7)]
    for width in (180, 640, 2560):
        band = painting.header(width, entries)
        assert band.shape[1] == width
        assert (band[:, -2:] == 128).all()
