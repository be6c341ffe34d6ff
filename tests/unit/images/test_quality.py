"""Exposure, noise, contrast and focus of a channel."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from one_channel import read_channel

from cellpheno.images.quality import measures
from cellpheno.images.quality.histogram import histogram


def picture(scale: float) -> np.ndarray:
    """Cells on a noisy background, [200, 200], brightest at about 20 times `scale`."""
    random = np.random.default_rng(0)
    light = np.full((200, 200), 1.0)
    for x, y in random.integers(20, 180, (30, 2)):
        cv2.circle(light, (int(x), int(y)), 9, 20.0, -1)
    return random.poisson(cv2.GaussianBlur(light, (0, 0), 3) * scale).astype(np.float64)


def saturated(pixels: np.ndarray, dtype: str) -> float:
    return measures.saturated_fraction(histogram(pixels.astype(dtype)))


@pytest.mark.parametrize("limit", [255, 1023, 4095, 16383, 65535])
def test_pixels_at_full_scale_of_any_camera_are_saturated(limit):
    pixels = picture(limit / 10)
    share = (pixels >= limit).mean()
    assert share > 0.02
    assert saturated(np.minimum(pixels, limit), "uint16") == share


def test_a_limit_that_is_no_full_scale_is_found_by_the_pile_of_pixels_on_it():
    pixels = picture(150)
    share = (pixels >= 1700).mean()
    assert share > 0.02
    assert saturated(np.minimum(pixels, 1700), "uint16") == share
    assert saturated(np.minimum(pixels, 1700) / 1700, "float32") == share


def test_a_comb_of_values_from_an_earlier_rescaling_is_not_saturated():
    stretched = np.floor(picture(5)) * 3
    assert saturated(stretched, "uint16") == 0


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_well_exposed_picture_has_nothing_saturated(dtype):
    assert saturated(picture(8), dtype) == 0


def test_dark_and_masked_pictures_are_not_saturated():
    assert saturated(np.zeros((9, 9)), "uint8") == 0
    assert saturated(picture(8) > 20, "uint8") == 0


def test_an_entirely_white_picture_is_saturated():
    assert saturated(np.full((9, 9), 255), "uint8") == 1


def test_blur_lowers_the_focus():
    sharp = np.clip(picture(8), 0, 255).astype(np.uint8)
    expected = cv2.Laplacian(sharp.astype(np.float64), cv2.CV_64F).var()
    assert measures.focus(sharp) == pytest.approx(expected)
    assert measures.focus(cv2.GaussianBlur(sharp, (0, 0), 4)) < 0.1 * measures.focus(sharp)


def with_noise(light: np.ndarray, noise: float = 5.0) -> np.ndarray:
    """A picture of this light, uint16, with the same noise everywhere."""
    random = np.random.default_rng(1)
    return np.clip(light + random.normal(0, noise, light.shape), 0, 65535).astype(np.uint16)


def cells(number: int, shape: tuple[int, int] = (300, 400), height: float = 400.0) -> np.ndarray:
    """The light of round cells on an even background of 200 counts."""
    light, random = np.full(shape, 200.0), np.random.default_rng(2)
    for _ in range(number):
        x, y = random.integers(20, shape[1] - 20), random.integers(20, shape[0] - 20)
        cv2.circle(light, (int(x), int(y)), 9, 200.0 + height, -1)
    return cv2.GaussianBlur(light, (0, 0), 1.2)


def test_the_focus_of_a_large_field_costs_no_more_and_is_about_that_of_the_whole():
    large = np.clip(with_noise(cells(900, (2000, 1500))) / 4, 0, 255).astype(np.uint8)
    whole = cv2.Laplacian(large.astype(np.float64), cv2.CV_64F).var()
    assert measures.focus(large) == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("noise", [2.0, 20.0])
@pytest.mark.parametrize("number", [0, 20])
def test_noise_is_separated_from_structure(noise, number):
    measured, _ = measures.spectrum(with_noise(cells(number), noise))
    assert measured == pytest.approx(noise, rel=0.05)


def test_blur_takes_the_fine_detail_whatever_the_noise():
    for noise in (2.0, 20.0):
        _, sharp = measures.spectrum(with_noise(cells(20), noise))
        _, blurred = measures.spectrum(with_noise(cv2.GaussianBlur(cells(20), (0, 0), 4.0), noise))
        assert blurred < 0.1 * sharp
    _, quiet = measures.spectrum(with_noise(cells(20), 2.0))
    assert sharp == pytest.approx(quiet, rel=0.1)


def test_no_focus_can_be_measured_where_there_is_only_noise():
    assert np.isnan(measures.spectrum(with_noise(cells(0)))[1])


def test_contrast_separates_two_cells_from_none_in_a_small_and_in_a_large_field():
    for shape in ((220, 220), (2160, 2560)):
        assert measures.contrast(with_noise(cells(0, shape)), 5.0) < 1.5
        assert measures.contrast(with_noise(cells(2, shape)), 5.0) > 6


def test_contrast_is_in_units_of_the_noise():
    faint = measures.contrast(with_noise(cells(20, height=40)), 5.0)
    bright = measures.contrast(with_noise(cells(20, height=400)), 5.0)
    assert bright == pytest.approx(10 * faint, rel=0.1)


def test_one_value_everywhere_has_no_contrast():
    for dtype in (np.uint8, np.uint16, np.float32):
        flat = np.full((64, 64), 7, dtype)
        noise, detail = measures.spectrum(flat)
        assert measures.contrast(flat, noise) == 0
        assert np.isnan(detail)


def test_a_channel_too_small_to_measure_has_no_such_numbers():
    small = with_noise(cells(0, (60, 60)))[:9, :9]
    numbers = measures.measure("dapi", small, histogram(small), small.astype(np.uint8))
    unknown = {name for name, value in numbers.items() if np.isnan(value)}
    assert unknown == {"dapi_noise", "dapi_detail", "dapi_contrast"}


def test_the_numbers_of_a_channel_begin_with_its_name_and_are_counts_of_the_file():
    channel = with_noise(cells(20))
    numbers = measures.measure("dapi", channel, histogram(channel), np.zeros((9, 9), np.uint8))
    assert numbers["dapi_bits"] == 16
    assert numbers["dapi_mean"] == pytest.approx(channel.mean())
    assert numbers["dapi_background"] == pytest.approx(np.percentile(channel, 5))
    signal = np.percentile(channel, 99.8) - np.percentile(channel, 5)
    assert numbers["dapi_signal"] == pytest.approx(signal)


@pytest.mark.real_data
def test_real_fields_are_not_taken_for_over_exposed():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    for pattern in ("ldc/images/*.png", "multichannel/*/[io]*/*.tif*", "bbbc010/images/*.tif"):
        paths = sorted(Path(folder).glob(pattern))
        assert paths
        shares = [measures.saturated_fraction(histogram(read_channel(path))) for path in paths]
        assert max(shares) < 0.02
