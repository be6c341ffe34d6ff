"""The numbers of the fields in the figures of the quality control: where each dot lies."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.images import quality

[BACKGROUND] = [number for number in quality.NUMBERS if number.column == "background"]


def test_files_with_8_and_with_16_bits_lie_on_the_scale_on_which_they_were_judged():
    fields = pd.DataFrame(
        {
            "verdict": "ok",
            "dapi_bits": [8.0, 8.0, 16.0],
            "dapi_background": [72.0, 80.0, 18504.0],
        }
    )
    limits = pd.DataFrame({"key": ["max_background"], "channel": ["dapi"], "limit": [48000.0]})
    axes = Figure().subplots()
    quality.draw_panel(axes, fields, limits, BACKGROUND, [(np.ones(3, bool), "dapi")])
    drawn = np.concatenate([dots.get_offsets()[:, 1] for dots in axes.collections])
    np.testing.assert_allclose(sorted(drawn), [72 * 257, 18504, 80 * 257])


def test_many_points_do_not_look_like_groups():
    shifts = np.sort(style.spread(np.linspace(0, 1, 400), 0.3))
    assert np.abs(shifts).max() <= 0.3
    assert np.diff(shifts).max() < 0.01


def test_few_points_of_close_values_stand_apart():
    assert len(set(style.spread(np.zeros(7), 0.3))) == 7
    assert style.spread(np.zeros(1), 0.3).tolist() == [0.0]
