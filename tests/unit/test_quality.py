"""Exposure and focus of a field, and what becomes of bad ones."""

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from cellpheno.errors import StudyError
from cellpheno.images import quality
from cellpheno.images.histogram import histogram
from cellpheno.images.readers import read_channel

SETTINGS = {"max_saturated_fraction": 0.02, "min_focus": 5.0, "on_bad": "set_aside"}


def picture(scale: float) -> np.ndarray:
    """Cells on a noisy background, [200, 200], brightest at about 20 times `scale`."""
    random = np.random.default_rng(0)
    light = np.full((200, 200), 1.0)
    for x, y in random.integers(20, 180, (30, 2)):
        cv2.circle(light, (int(x), int(y)), 9, 20.0, -1)
    return random.poisson(cv2.GaussianBlur(light, (0, 0), 3) * scale).astype(np.float64)


def saturated(pixels: np.ndarray, dtype: str) -> float:
    return quality.saturated_fraction(histogram(pixels.astype(dtype)))


@pytest.mark.parametrize("limit", [255, 1023, 4095, 16383, 65535])
def test_pixels_at_full_scale_of_any_camera_are_saturated(limit):
    pixels = picture(limit / 10)
    share = (pixels >= limit).mean()
    assert share > 0.02
    assert saturated(np.minimum(pixels, limit), "uint16") == share


def test_a_limit_that_is_no_full_scale_is_told_by_the_pile_of_pixels_on_it():
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
    assert quality.focus(sharp) == pytest.approx(expected)
    assert quality.focus(cv2.GaussianBlur(sharp, (0, 0), 4)) < 0.1 * quality.focus(sharp)


@pytest.fixture
def fields():
    """Four fields: a good one, an over-exposed, a blurred and an unreadable one."""
    return pd.DataFrame(
        {
            "field": ["good", "bright", "blurred", "broken"],
            "verdict": ["ok", "ok", "ok", "broken.tif is empty"],
            "saturated_fraction": [0.02, 0.3, 0.0, np.nan],
            "focus": [50.0, 50.0, 1.0, np.nan],
        }
    )


def test_bad_fields_are_set_aside_with_the_reason(fields):
    verdicts = quality.judge(fields, SETTINGS).set_index("field")["verdict"]
    assert verdicts["good"] == "ok"
    assert "over-exposed: 0.3" in verdicts["bright"]
    assert "out of focus" in verdicts["blurred"]
    assert verdicts["broken"] == "broken.tif is empty"


def test_a_minimum_focus_of_zero_lets_every_field_pass(fields):
    judged = quality.judge(fields, {**SETTINGS, "min_focus": 0.0})
    assert judged.set_index("field")["verdict"]["blurred"] == "ok"


def test_on_bad_stop_names_the_fields(fields):
    with pytest.raises(StudyError, match=r"3 of 4 .*bright.*blurred.*broken"):
        quality.judge(fields, {**SETTINGS, "on_bad": "stop"})


def test_a_study_without_one_good_field_is_an_error(fields):
    with pytest.raises(StudyError, match="3 of 3 fields"):
        quality.judge(fields.iloc[1:], SETTINGS)


@pytest.mark.real_data
def test_real_fields_are_not_taken_for_over_exposed():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    for pattern in ("ldc/images/*.png", "multichannel/*/[io]*/*.tif*", "bbbc010/images/*.tif"):
        paths = sorted(Path(folder).glob(pattern))
        assert paths
        shares = [quality.saturated_fraction(histogram(read_channel(path))) for path in paths]
        assert max(shares) < SETTINGS["max_saturated_fraction"]
