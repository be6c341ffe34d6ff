"""Annotated fields become a COCO data set of tiles."""

import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from pycocotools.coco import COCO

from cellpheno.core.errors import StudyError
from cellpheno.detection import coco, tiles
from cellpheno.tables.columns import BOX_COLUMNS


def picture(seed, height=20, width=32):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def annotation(field, *corners, label="partial"):
    frame = pd.DataFrame(np.array(corners, dtype=float).reshape(-1, 4), columns=BOX_COLUMNS)
    return frame.assign(field=field, label=label, annotator="expert")


def split_table(**split_of):
    return pd.DataFrame(
        {"field": list(split_of), "group": list(split_of), "split": list(split_of.values())}
    )


@pytest.fixture
def dataset(tmp_path):
    """Two fields of 20 x 32 px in 2 x 2 tiles of 10 x 16; the first has three cells."""
    fields = {"a": picture(0), "b": picture(1), "unannotated": picture(2)}
    annotated = pd.concat(
        [
            annotation("a", (2, 1, 8, 7), (12, 2, 20, 8), label="partial"),
            annotation("a", (14, 6, 30, 16), label="in turn"),
        ]
    )
    splits = split_table(a="train", b="val", unannotated="predict")
    coco.write(tmp_path / "tiles", fields.items(), annotated, splits, tiles.Settings(2, 2, 0.5))
    return tmp_path / "tiles", fields


def test_tiles_cover_a_field_without_gap_or_overlap_whatever_its_size():
    covered = np.zeros((37, 53), dtype=int)
    cut = tiles.grid(37, 53, rows=4, columns=3)
    for x_min, y_min, x_max, y_max in cut:
        covered[y_min:y_max, x_min:x_max] += 1
    assert (covered == 1).all()
    assert len(cut) == 12
    assert {x_max - x_min for x_min, _, x_max, _ in cut} == {17, 18}


def test_a_cell_counts_in_a_tile_that_shows_half_of_it():
    cell = np.array([[12.0, 2.0, 20.0, 8.0]])  # half of it left of x = 16
    left, rows = tiles.visible(cell, (0, 0, 16, 10), min_visible=0.5)
    assert left.tolist() == [[12, 2, 16, 8]]
    assert rows.tolist() == [0]
    right, _ = tiles.visible(cell, (16, 0, 32, 10), min_visible=0.5)
    assert right.tolist() == [[0, 2, 4, 8]]
    none, _ = tiles.visible(cell, (0, 0, 15, 10), min_visible=0.5)
    assert len(none) == 0


def test_a_cell_that_only_touches_a_tile_does_not_count_there():
    kept, _ = tiles.visible(np.array([[16.0, 0, 20, 5]]), (0, 0, 16, 10), min_visible=0.0)
    assert len(kept) == 0


def test_the_data_set_loads_in_pycocotools_with_the_right_boxes(dataset, capsys):
    folder, _ = dataset
    loaded = COCO(folder / "train.json")
    assert loaded.loadCats(loaded.getCatIds()) == [coco.CATEGORY]
    boxes = {
        image["file_name"]: [each["bbox"] for each in loaded.imgToAnns[image["id"]]]
        for image in loaded.loadImgs(loaded.getImgIds())
    }
    assert boxes == {
        "a_0_0.png": [[2, 1, 6, 6], [12, 2, 4, 6]],
        "a_0_1.png": [[0, 2, 4, 6]],
        "a_1_0.png": [],
        # 14 of 16 px wide, 6 of 10 px high: 84 of 160 px are inside
        "a_1_1.png": [[0, 0, 14, 6]],
    }


def test_annotations_keep_the_class_of_their_cell(dataset):
    document = json.loads((dataset[0] / "train.json").read_text())
    name_of = {image["id"]: image["file_name"] for image in document["images"]}
    classes = {name_of[each["image_id"]]: each["class"] for each in document["annotations"]}
    assert classes == {"a_0_0.png": "partial", "a_0_1.png": "partial", "a_1_1.png": "in turn"}


def test_pictures_hold_the_pixels_of_their_place_in_the_field(dataset):
    folder, fields = dataset
    for split, field in (("train", "a"), ("val", "b")):
        for entry in json.loads((folder / f"{split}.json").read_text())["images"]:
            x, y = entry["field_x"], entry["field_y"]
            expected = fields[field][y : y + entry["height"], x : x + entry["width"]]
            pixels = np.asarray(Image.open(folder / "images" / entry["file_name"]))
            np.testing.assert_array_equal(pixels, expected)


def test_fields_without_a_split_of_their_own_are_not_cut(dataset):
    names = {path.name for path in (dataset[0] / "images").iterdir()}
    assert names == {f"{field}_{row}_{col}.png" for field in "ab" for row in "01" for col in "01"}
    assert json.loads((dataset[0] / "test.json").read_text())["images"] == []


def test_a_split_is_read_back_with_its_empty_tiles(dataset):
    read = coco.read(dataset[0], "train")
    assert read.names == ["a_0_0.png", "a_0_1.png", "a_1_0.png", "a_1_1.png"]
    assert read.boxes[0].tolist() == [[2, 1, 8, 7], [12, 2, 16, 8]]
    assert [boxes.shape for boxes in read.boxes] == [(2, 4), (1, 4), (0, 4), (1, 4)]
    assert [image.shape for image in read.images] == [(10, 16, 3)] * 4
    assert len(coco.read(dataset[0], "test")) == 0


def test_a_data_set_that_is_cut_short_is_refused_with_what_to_delete(dataset):
    path = dataset[0] / "train.json"
    path.write_text(path.read_text()[:-40])
    with pytest.raises(StudyError, match=r"train\.json is cut short .*; delete .*tiles and run"):
        coco.read(dataset[0], "train")


def test_the_order_in_which_fields_come_changes_nothing(dataset, tmp_path):
    folder, fields = dataset
    splits = split_table(b="val", a="train")
    order = [("b", fields["b"]), ("a", fields["a"])]
    coco.write(tmp_path / "again", order, annotation("b"), splits, tiles.Settings(2, 2, 0.5))
    for name in ("train", "val"):
        first = json.loads((folder / f"{name}.json").read_text())["images"]
        assert json.loads((tmp_path / "again" / f"{name}.json").read_text())["images"] == first


def test_an_annotated_field_without_image_is_an_error_and_leaves_no_data_set(tmp_path):
    with pytest.raises(StudyError, match="annotated field b .* not among the converted fields"):
        coco.write(
            tmp_path / "tiles",
            [("a", picture(0))],
            annotation("a", (0, 0, 5, 5)),
            split_table(a="train", b="val"),
            tiles.Settings(1, 1, 0.5),
        )
    assert not (tmp_path / "tiles").exists()


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 6])
def test_tiles_of_any_number_of_channels_come_back_as_they_were(tmp_path, n_channels):
    image = np.random.default_rng(0).integers(0, 256, (20, 32, n_channels), dtype=np.uint8)
    written = annotation("a", (2, 1, 8, 7)), split_table(a="train")
    coco.write(tmp_path / "tiles", [("a", image)], *written, tiles.Settings(2, 2, 0.5))
    read = coco.read(tmp_path / "tiles", "train")
    suffix = "png" if n_channels == 3 else "tif"
    assert read.names == [f"a_{row}_{column}.{suffix}" for row in "01" for column in "01"]
    for tile, (y, x) in zip(read.images, [(0, 0), (0, 16), (10, 0), (10, 16)], strict=True):
        np.testing.assert_array_equal(tile, image[y : y + 10, x : x + 16])
    assert len(coco.files(tmp_path / "tiles")) == 3 + 4


def test_a_tile_of_four_channels_is_a_tiff_with_a_page_for_each(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 32, 4), dtype=np.uint8)
    written = annotation("a", (2, 1, 8, 7)), split_table(a="train")
    coco.write(tmp_path / "tiles", [("a", image)], *written, tiles.Settings(1, 1, 0.5))
    pages = tifffile.imread(tmp_path / "tiles/images/a_0_0.tif")
    np.testing.assert_array_equal(pages, image.transpose(2, 0, 1))


def test_cells_of_other_classes_are_no_cells_for_a_detector_of_some(dataset):
    folder, _ = dataset
    assert [len(boxes) for boxes in coco.read(folder, "train", ["partial"]).boxes] == [2, 1, 0, 0]
    assert [len(boxes) for boxes in coco.read(folder, "train", ["in turn"]).boxes] == [0, 0, 0, 1]
    both = coco.read(folder, "train", ["in turn", "partial"])
    assert [len(boxes) for boxes in both.boxes] == [2, 1, 0, 1]
