import numpy as np
import pandas as pd
import pytest

from cellpheno.classification.training_cells import annotated_cells
from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.images.crops import Geometry, cut, cut_from_shards, windows
from cellpheno.labels import from_annotations
from cellpheno.tables import storage
from cellpheno.tables.cells import CROPS
from cellpheno.tables.columns import BOX_COLUMNS


def boxes(*rows):
    return np.array(rows, dtype=np.float64)


def field(height=100, width=120):
    """Red is the row, green the column of each pixel, blue 7 everywhere."""
    image = np.full((height, width, 3), 7, dtype=np.uint8)
    image[..., 0] = np.arange(height)[:, None]
    image[..., 1] = np.arange(width)[None, :]
    return image


def test_a_box_grows_by_the_margin_on_every_side_and_is_truncated():
    # 20 x 10 px, 16 % of it is 3.2 and 1.6: 26.8 to 53.2 and 38.4 to 51.6
    grown = windows(boxes((30, 40, 50, 50)), margin=0.16, height=100, width=120)
    assert grown.tolist() == [[26, 38, 53, 51]]


def test_a_grown_box_is_clipped_on_all_four_sides():
    grown = windows(boxes((1, 2, 119, 99)), margin=0.16, height=100, width=120)
    assert grown.tolist() == [[0, 0, 120, 100]]


@pytest.mark.parametrize("box", [(119.9, 99.9, 119.95, 99.95), (500, 500, 600, 600)])
def test_at_least_one_pixel_of_the_field_is_cut(box):
    x_min, y_min, x_max, y_max = windows(boxes(box), margin=0, height=100, width=120)[0]
    assert (x_max - x_min, y_max - y_min) == (1, 1)
    assert 0 <= x_min < 120
    assert 0 <= y_min < 100


def test_a_square_box_without_margin_border_or_resize_is_cut_as_it_is():
    image = field()
    crops = cut(image, boxes((10, 20, 18, 28)), Geometry(margin=0, border=0, size=8))
    assert np.array_equal(crops[0], image[20:28, 10:18])


def test_a_crop_is_padded_to_a_square_with_its_edges_and_the_odd_pixel_lies_on_the_far_side():
    # 6 wide, 3 high: one row above, two below
    crops = cut(field(), boxes((10, 20, 16, 23)), Geometry(margin=0, border=0, size=6))
    assert crops[0, :, 0, 0].tolist() == [20, 20, 21, 22, 22, 22]
    assert crops[0, 0, :, 1].tolist() == [10, 11, 12, 13, 14, 15]


def test_a_stretched_crop_fills_the_square_whatever_the_sides_of_the_box():
    stretched = Geometry(margin=0, border=0, size=8, shape="stretched")
    [crop] = cut(field(), boxes((10, 20, 18, 24)), stretched)  # 8 wide, 4 high
    assert crop[0, :, 1].tolist() == list(range(10, 18))
    assert (crop[0, 0, 0], crop[-1, 0, 0]) == (20, 23)
    assert (np.diff(crop[:, 0, 0].astype(int)) >= 0).all()
    assert len(np.unique(crop[:, 0, 0])) == 4


def test_the_border_is_cut_off_after_the_padding():
    # 50 wide, 30 high: padded to 50 x 50 with 10 rows above, then int(0.12 x 50) = 6 off each side
    crops = cut(field(), boxes((10, 20, 60, 50)), Geometry(margin=0, border=0.12, size=38))
    assert crops[0, 0, :, 1].tolist() == list(range(16, 54))
    assert crops[0, :, 0, 0].tolist() == [20] * 4 + list(range(20, 50)) + [49] * 4


@pytest.mark.parametrize("side", [1, 2, 3, 8])
@pytest.mark.parametrize("border", [0.12, 0.49, 0.5])
def test_cells_of_a_few_pixels_make_a_crop_where_the_published_code_crashes(side, border):
    image = field()
    crops = cut(image, boxes((10, 20, 10 + side, 20 + side)), Geometry(0.0, border, 16))
    assert crops.shape == (1, 16, 16, 3)
    assert (crops[..., 2] == 7).all()
    assert crops[..., 0].min() >= 20
    assert crops[..., 0].max() < 20 + side


def test_shrinking_averages_over_areas():
    image = field()
    image[..., 0] = np.indices((100, 120)).sum(axis=0) % 2 * 200  # a chess board
    crops = cut(image, boxes((0, 0, 80, 80)), Geometry(0.0, 0.0, 20))
    assert (crops[..., 0] == 100).all()


def test_no_boxes_give_no_crops():
    assert cut(field(), np.empty((0, 4)), Geometry(0.16, 0.12, 8)).shape == (0, 8, 8, 3)


def table(rows, **columns):
    frame = pd.DataFrame(rows, columns=["field", *BOX_COLUMNS])
    return frame.assign(**columns)


def test_crops_of_many_fields_stand_in_the_order_of_the_table(tmp_path):
    bright = {"a": 10, "b": 20, "c": 30}
    images = {name: np.full((40, 40, 3), value, np.uint8) for name, value in bright.items()}
    store.write(tmp_path / "1.npz", [("c", images["c"]), ("a", images["a"])])
    store.write(tmp_path / "2.npz", [("b", images["b"])])
    cells = table([(name, 5.0, 5.0, 15.0, 15.0) for name in ["b", "a", "c", "a"]])
    out = np.zeros((4, 8, 8, 3), np.uint8)
    cut_from_shards([tmp_path / "1.npz", tmp_path / "2.npz"], cells, Geometry(0, 0, 8), out)
    assert out[:, 0, 0, 0].tolist() == [20, 10, 30, 10]


def test_a_cell_of_a_field_that_is_in_no_shard_is_an_error(tmp_path):
    store.write(tmp_path / "1.npz", [("a", field())])
    with pytest.raises(StudyError, match="field b"):
        cut_from_shards(
            [tmp_path / "1.npz"],
            table([("b", 0.0, 0.0, 9.0, 9.0)]),
            Geometry(0, 0, 8),
            np.zeros((1, 8, 8, 3), np.uint8),
        )


@pytest.fixture
def annotated():
    rows = [("f", 0.0, 0.0, 10.0, 10.0), ("f", 50.0, 0.0, 60.0, 10.0), ("p", 0.0, 0.0, 10.0, 10.0)]
    return table(rows, label=["one-in-one", "partial", "partial"], annotator="expert")


@pytest.fixture
def splits():
    return pd.DataFrame({"field": ["f", "p"], "group": ["1", "2"], "split": ["train", "predict"]})


def test_detected_cells_take_the_class_of_the_annotated_cell_and_unmatched_ones_are_dropped(
    annotated, splits, tmp_path
):
    detected = table(
        [
            ("f", 51.0, 0.0, 61.0, 10.0),  # the partial one
            ("f", 80.0, 80.0, 90.0, 90.0),  # nothing
            ("p", 0.0, 0.0, 10.0, 10.0),  # a field that is not for learning
        ],
        score=[0.9, 0.9, 0.9],
    )
    cells = annotated_cells(annotated, splits, detected)
    assert cells[["field", "x_min", "label", "split", "crop_row"]].to_numpy().tolist() == [
        ["f", 51.0, "partial", "train", 0]
    ]
    storage.write(cells, tmp_path / "crops.parquet", CROPS)


def test_annotated_boxes_can_be_cut_themselves(annotated, splits):
    cells = annotated_cells(annotated, splits, None)
    assert cells["label"].tolist() == ["one-in-one", "partial"]
    assert cells["crop_row"].tolist() == [0, 1]


def test_the_order_of_the_inputs_does_not_change_the_crops(annotated, splits):
    first = annotated_cells(annotated, splits, None)
    second = annotated_cells(annotated.iloc[::-1], splits.iloc[::-1], None)
    pd.testing.assert_frame_equal(first, second)


def test_the_better_scored_of_two_detections_takes_the_annotated_cell(annotated):
    cells = table([("f", 0.0, 0.0, 10.0, 9.0), ("f", 0.0, 0.0, 10.0, 10.0)])
    label = from_annotations.from_annotations(cells, np.array([0.8, 0.3]), annotated)
    assert label.isna().tolist() == [False, True]
    assert label[0] == "one-in-one"


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 6, 9])
@pytest.mark.parametrize("size", [6, 24])  # smaller and larger than the box
def test_each_channel_of_a_crop_is_what_it_is_by_itself(n_channels, size):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, n_channels), dtype=np.uint8)
    cells, geometry = boxes((3, 4, 20, 16), (0, 30, 9, 40)), Geometry(0.16, 0.12, size)
    crops = cut(image, cells, geometry)
    assert crops.shape == (2, size, size, n_channels)
    for channel in range(n_channels):
        alone = cut(np.repeat(image[..., channel : channel + 1], 3, axis=2), cells, geometry)
        assert np.array_equal(crops[..., channel], alone[..., 0])


def test_crops_show_the_channels_that_are_asked_for(tmp_path):
    image = np.full((40, 40, 4), [1, 2, 3, 4], np.uint8)
    held = ["bf", "green", "red", "dapi"]
    store.write(tmp_path / "1.npz", [("a", image)], held, ["red", "green", "dapi"])
    cells = table([("a", 5.0, 5.0, 15.0, 15.0)])
    for channels, pixel in ((None, [3, 2, 4]), (["bf", "bf", "dapi", "red"], [1, 1, 4, 3])):
        out = np.zeros((1, 8, 8, len(pixel)), np.uint8)
        cut_from_shards([tmp_path / "1.npz"], cells, Geometry(0, 0, 8), out, channels)
        assert (out == pixel).all()
