"""Reading one channel: the file's own depth, colours to luminance, and clear refusals."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from cellpheno.errors import StudyError
from cellpheno.images.readers import read_channel

GREY = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)
GREY8 = (GREY % 251).astype(np.uint8)
COLOURS = np.dstack([GREY8, GREY8[::-1], GREY8[:, ::-1]])
LUMINANCE = np.rint(COLOURS @ [0.299, 0.587, 0.114])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_a_tiff_keeps_its_dtype_and_values(tmp_path, dtype, compression):
    pixels = (GREY % 251).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression)
    channel = read_channel(tmp_path / "a.tif")
    assert channel.dtype == dtype
    np.testing.assert_array_equal(channel, pixels)


def test_sixteen_bits_of_a_png_are_not_truncated(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), GREY * 100)
    channel = read_channel(tmp_path / "a.png")
    assert channel.dtype == np.uint16
    np.testing.assert_array_equal(channel, GREY * 100)


def test_sixteen_bit_colour_stays_sixteen_bit(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([GREY * 100] * 3))
    np.testing.assert_array_equal(read_channel(tmp_path / "a.png"), GREY * 100)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_gives_the_same_grey(tmp_path, mode):
    Image.fromarray(GREY8).convert(mode).save(tmp_path / "a.png")
    channel = read_channel(tmp_path / "a.png")
    assert channel.dtype == np.uint8
    np.testing.assert_array_equal(channel, GREY8)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_colours_become_luminance_and_red_is_not_taken_for_blue(tmp_path, suffix):
    Image.fromarray(COLOURS).save(tmp_path / f"a.{suffix}")
    assert np.abs(read_channel(tmp_path / f"a.{suffix}") - LUMINANCE).max() <= 1


def test_the_opacity_of_a_colour_image_is_passed_over(tmp_path):
    opacity = np.zeros_like(GREY8)
    Image.fromarray(np.dstack([COLOURS, opacity])).save(tmp_path / "a.png")
    assert np.abs(read_channel(tmp_path / "a.png") - LUMINANCE).max() <= 1


def test_a_planar_colour_tiff_is_read_as_colours(tmp_path):
    planes = np.moveaxis(COLOURS, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    assert np.abs(read_channel(tmp_path / "a.tif") - LUMINANCE).max() <= 1


def test_a_grey_jpeg_is_read(tmp_path):
    Image.fromarray(np.full((16, 16), 90, np.uint8)).save(tmp_path / "a.JPG", "JPEG")
    assert (read_channel(tmp_path / "a.JPG") == 90).all()


def test_one_bit_becomes_zero_and_255(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY8 > 100)
    np.testing.assert_array_equal(read_channel(tmp_path / "a.tif"), (GREY8 > 100) * 255)


def test_wider_integers_that_fit_become_sixteen_bit(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.int32) * 100)
    channel = read_channel(tmp_path / "a.tif")
    assert channel.dtype == np.uint16
    np.testing.assert_array_equal(channel, GREY * 100)


@pytest.mark.parametrize("value", [-1, 65536])
def test_integers_that_do_not_fit_are_refused(tmp_path, value):
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 4), value, np.int32))
    with pytest.raises(StudyError, match=rf"a\.tif .*{value}"):
        read_channel(tmp_path / "a.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, value):
    pixels = np.ones((4, 4), np.float32)
    pixels[2, 2] = value
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    with pytest.raises(StudyError, match=r"a\.tif .*not numbers"):
        read_channel(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_an_empty_file_is_refused(tmp_path, suffix):
    (tmp_path / f"a.{suffix}").touch()
    with pytest.raises(StudyError, match=rf"a\.{suffix} is empty"):
        read_channel(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_a_file_cut_short_is_refused(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"whole.{suffix}")
    content = (tmp_path / f"whole.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(content[: len(content) // 2])
    with pytest.raises(StudyError, match=rf"a\.{suffix} cannot be read"):
        read_channel(tmp_path / f"a.{suffix}")


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.tif").write_text("not an image")
    with pytest.raises(StudyError, match=r"a\.tif cannot be read as TIFF"):
        read_channel(tmp_path / "a.tif")
    with pytest.raises(StudyError, match=r"a\.lif .*\.tif"):
        read_channel(tmp_path / "a.lif")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"a\.tif cannot be opened"):
        read_channel(tmp_path / "a.tif")


def test_several_channels_in_one_file_are_refused_and_not_read_as_one(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 8, 9), np.uint16), photometric="minisblack")
    with pytest.raises(StudyError, match=r"a\.tif .*where one was expected"):
        read_channel(tmp_path / "a.tif")


def test_a_single_row_of_pixels_is_an_image(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY[:1])
    np.testing.assert_array_equal(read_channel(tmp_path / "a.tif"), GREY[:1])


@pytest.mark.real_data
def test_every_tile_of_the_living_dead_cells_is_read_in_its_own_depth():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    channels = [read_channel(path) for path in sorted(Path(folder).glob("ldc/images/*.png"))]
    depths = [channel.dtype.name for channel in channels]
    assert (depths.count("uint8"), depths.count("uint16")) == (1035, 41)
    assert {channel.shape for channel in channels} == {(220, 220), (200, 200)}
