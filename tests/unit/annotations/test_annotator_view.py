"""The picture an annotator sees: medians to convergence, halves, brightness, colours, files."""

import logging
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from cellpheno.images import annotator_view

RNG = np.random.default_rng(0)
SETTINGS = {
    "filtered": ["actin"],
    "size": 5,
    "max_rounds": 1000,
    "halve": True,
    "mean": 80,
    "sd": 40,
    "red": "actin",
    "green": "actin",
    "blue": "phase",
}


def median_by_definition(channel, size):
    padded = np.pad(channel, size // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    return np.median(windows, axis=(2, 3)).astype(channel.dtype)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_one_round_is_the_median_of_the_neighbourhood_in_every_bit_depth(dtype, size):
    channel = RNG.integers(0, 60000, (20, 31)).astype(dtype)
    once, _ = annotator_view.denoise(channel, size, max_rounds=1)
    assert once.dtype == dtype
    np.testing.assert_array_equal(once, median_by_definition(channel, size))


def test_rounds_are_repeated_until_no_pixel_changes():
    channel = RNG.poisson(30000, (40, 50)).astype(np.uint16)
    once, moving = annotator_view.denoise(channel, 5, max_rounds=1)
    assert moving > 0
    rest, moving = annotator_view.denoise(channel, 5, max_rounds=1000)
    assert moving == 0
    assert not np.array_equal(rest, once)
    np.testing.assert_array_equal(median_by_definition(rest, 5), rest)


def test_speckle_is_gone_and_the_edge_of_a_cell_stays_where_it_was():
    cell = np.full((40, 40), 500, np.uint16)
    cell[:, 20:] = 40000
    speckled = cell.copy()
    speckled[5::9, 5::9] = 65535
    rest, _ = annotator_view.denoise(speckled, 5, max_rounds=100)
    np.testing.assert_array_equal(rest, cell)


def test_a_pattern_that_alternates_for_ever_ends_and_says_so():
    pattern = np.array([[9, 0, 9, 9], [9, 0, 0, 0], [0, 0, 0, 9], [9, 9, 0, 9]], np.uint8)
    once = median_by_definition(pattern, 3)
    np.testing.assert_array_equal(median_by_definition(once, 3), pattern)
    _, moving = annotator_view.denoise(pattern, 3, max_rounds=10**9)
    assert moving == np.count_nonzero(once != pattern) > 0


def test_a_halved_pixel_is_the_mean_of_two_by_two_and_an_odd_last_row_is_left_out():
    channel = RNG.integers(0, 65536, (7, 10)).astype(np.uint16)
    expected = channel[:6].astype(float).reshape(3, 2, 5, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(annotator_view.halve(channel), expected, rtol=1e-6)


def test_dim_and_bright_fields_get_the_same_mean_and_spread():
    dim = RNG.poisson(100, (200, 200)).astype(np.uint16)
    for channel in (dim, dim * 300):
        picture = annotator_view.normalise(channel, 80, 20)
        assert picture.mean() == pytest.approx(80, abs=0.1)
        assert picture.std() == pytest.approx(20, abs=0.1)


def test_a_channel_without_contrast_is_grey_throughout():
    assert (annotator_view.normalise(np.full((3, 3), 700, np.uint16), 80, 40) == 80).all()


@pytest.fixture
def row(tmp_path):
    for name in ("actin", "phase"):
        tifffile.imwrite(tmp_path / f"{name}.tif", RNG.poisson(900, (31, 41)).astype(np.uint16))
    return {"field": "f1", "actin": f"{tmp_path}/actin.tif", "phase": f"{tmp_path}/phase.tif"}


def test_only_the_named_channels_are_filtered_and_each_shows_in_its_colour(row):
    [(field, picture)] = annotator_view.views([row], SETTINGS, {})
    phase = annotator_view.halve(tifffile.imread(row["phase"]))
    assert field == "f1"
    assert picture.shape == (15, 20, 3)
    np.testing.assert_array_equal(picture[..., 0], picture[..., 1])
    np.testing.assert_array_equal(picture[..., 2], annotator_view.normalise(phase, 80, 40))
    unfiltered = annotator_view.halve(tifffile.imread(row["actin"]))
    assert not np.array_equal(picture[..., 0], annotator_view.normalise(unfiltered, 80, 40))


def test_the_full_size_is_kept_where_the_config_says_so(row):
    [(_, picture)] = annotator_view.views([row], {**SETTINGS, "halve": False}, {})
    assert picture.shape == (31, 41, 3)


def test_the_log_says_when_the_last_round_was_reached(row, caplog):
    with caplog.at_level(logging.WARNING):
        list(annotator_view.views([row], {**SETTINGS, "max_rounds": 1}, {}))
    assert "f1, channel actin" in caplog.text
    assert "max_rounds" in caplog.text


def test_a_field_that_cannot_be_read_has_no_picture_and_the_log_says_why(row, caplog):
    broken = {**row, "field": "f0", "actin": "missing.tif"}
    assert [name for name, _ in annotator_view.views([broken, row], SETTINGS, {})] == ["f1"]
    assert "f0" in caplog.text
    assert "missing.tif" in caplog.text


def test_a_saved_picture_is_the_picture(tmp_path):
    picture = RNG.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    annotator_view.save(tmp_path / "f1.png", picture)
    read = cv2.imread(str(tmp_path / "f1.png"))
    np.testing.assert_array_equal(read[..., ::-1], picture)


@pytest.mark.real_data
def test_the_fluorescence_of_a_real_field_comes_to_rest():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    paths = sorted(Path(folder, "multichannel/pediatric_1080/orig").glob("r03c03f03p01-ch*.tiff"))
    assert len(paths) == 6
    for path in paths[1:4]:
        channel = tifffile.imread(path)
        assert (channel.shape, channel.dtype) == ((1080, 1080), np.uint16)
        rest, moving = annotator_view.denoise(channel, 5, max_rounds=1000)
        assert moving == 0
        assert annotator_view.normalise(annotator_view.halve(rest), 80, 40).shape == (540, 540)
