"""Long names in figures are shortened, stay distinct, and are written out below."""

import itertools

import matplotlib.text
import numpy as np
import pandas as pd
import pytest
from figure_study import WELCH, hostile
from matplotlib.figure import Figure
from PIL import Image

from cellpheno.figures import naming, style
from cellpheno.figures.calls import gallery
from cellpheno.figures.classification import grad_cam
from cellpheno.figures.labels import label_errors
from cellpheno.figures.statistics import effects, frequencies, frequencies_stacked
from cellpheno.tables.columns import BOX_COLUMNS


def test_short_names_stay_and_long_ones_differ_where_they_did():
    names = [
        "short",
        f"{'x' * 74}1",
        f"{'x' * 30}1{'x' * 40}end-of-1",
        f"{'x' * 31}2{'x' * 39}end-of-1",
    ]
    short = naming.shortened(names)
    assert "short" not in short
    assert len(set(short.values())) == 3
    assert all(len(form) <= naming.LONGEST for form in short.values())


def test_names_are_replaced_in_tables_and_in_the_columns_of_their_probabilities():
    long = "n" * 40
    table = pd.DataFrame({"call": [long, "b"], f"p_{long}": [1.0, 0.0], "verdict": [long, "ok"]})
    new = naming.renamed(table, {long: "short"})
    assert new["call"].tolist() == ["short", "b"]
    assert "p_short" in new
    assert new["verdict"].tolist() == [long, "ok"]  # a sentence, no name
    assert table["call"].tolist() == [long, "b"]


def test_a_name_that_is_wrapped_within_a_word_is_in_the_key():
    made = Figure()
    made.suptitle("x `<javascrip…le\nrt(1)>")
    naming.add_key(made, {"x of a long name": "x `<javascrip…lert(1)>"})
    (key,) = [text for text in made.texts if text.get_gid() == naming.KEY]
    assert "= x of a long name" in key.get_text()


@pytest.fixture(scope="module")
def drawn():
    study = hostile()
    return {
        "frequencies": frequencies.draw(study.frequencies, study.tests, WELCH, study.palette),
        "effects": effects.draw(study.tests, [WELCH], study.palette),
        "stacked": frequencies_stacked.draw(
            study.frequencies, study.tests, "replicate", study.palette
        ),
    }


def test_no_text_of_a_figure_holds_a_long_name_but_the_key_which_holds_them_all(drawn):
    names = [*hostile().palette.classes[1:], hostile().palette.conditions[2]]
    for made in drawn.values():
        every = made.findobj(matplotlib.text.Text)
        (key,) = [text for text in every if text.get_gid() == naming.KEY]
        others = [text.get_text() for text in every if text is not key]
        assert not [text for text in others if any(name in text for name in names)]
        for name in names:
            assert f"= {name}" in key.get_text()


def test_panels_keep_most_of_the_page_and_titles_do_not_collide(drawn):
    made = drawn["frequencies"]
    made.draw_without_rendering()
    titles = [axes.title.get_window_extent() for axes in made.axes if axes.get_title()]
    assert len(titles) == 15
    assert not [1 for a, b in itertools.combinations(titles, 2) if a.overlaps(b)]
    widths = [axes.get_position().width for axes in made.axes[:4]]
    assert sum(widths) > 0.6


def test_the_legend_and_the_key_do_not_reach_into_the_panels(drawn, tmp_path):
    made = drawn["effects"]
    style.save(made, tmp_path / "a.pdf", tmp_path / "a.png")
    (legend,) = made.legends
    lowest = min(axes.get_tightbbox().y0 for axes in made.axes)
    assert legend.get_window_extent().y1 <= lowest
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.height > made.get_figheight() * style.DPI + 100


def test_fifteen_classes_have_colours_of_their_own_of_a_few_hues_and_a_sign_of_their_round():
    palette = hostile().palette
    assert len({palette[name] for name in palette.classes}) == 15
    first, second = palette.positives[0], palette.positives[7]
    ratio = np.divide(
        *(np.array(style.to_rgb(palette[name])) for name in (second, first)),
        where=[0, 1, 1],
        out=np.full(3, 0.55),
    )
    assert ratio == pytest.approx(0.55, abs=0.02)  # the same hue, darker
    for sign in (palette.hatch, palette.line, palette.marker):
        assert sign(first) != sign(second)


def test_a_short_named_figure_has_no_key_and_its_own_size(tmp_path):
    made = style.message("Nothing.")
    assert naming.with_key(made).height == pytest.approx(made.get_figheight())


HOSTILE = [
    "$x_1^2$ & <b>αβγ</b>",
    "W" * 22,
    "cells_with_under_scores_and_a_long_name",
    "$",
    "\\frac{1}",
]
PICTURES = np.zeros((24, 32, 32, 3), np.uint8)


def gallery_of_hostile_names(palette):
    rows = [("f", 90 * n, 90, 90 * n + 40, 130) for n in range(1, 5)] * len(HOSTILE)
    cells = pd.DataFrame(rows, columns=["field", *BOX_COLUMNS])
    cells = cells.assign(**{"class": np.repeat(HOSTILE, 4)}, label=HOSTILE * 4, score=0.5)
    quality = pd.DataFrame({"field": ["f"], "width": [640], "height": [640]})
    return gallery.draw(gallery.choose(cells, quality, palette), PICTURES, palette)


def suspects_of_hostile_names(palette):
    cells = pd.DataFrame({"rank": range(1, 25), "label": (HOSTILE * 5)[:24]})
    cells = cells.assign(suggested=cells["label"].to_numpy()[::-1])
    cells = cells.assign(**{f"p_{name}": 0.5 for name in HOSTILE})
    return label_errors.draw(cells, PICTURES, palette)


def maps_of_hostile_names(palette):
    kinds = [kind for kind in grad_cam.HEADINGS for _ in range(2)]
    cells = pd.DataFrame({"label": np.repeat(HOSTILE[:4], 6), "kind": kinds * 4})
    cells = cells.assign(call=(HOSTILE * 5)[:24], cls_score=0.5, map_row=range(24))
    return grad_cam.draw(cells, PICTURES, np.zeros((24, 32, 32), np.float32), "2 × 2", palette)


@pytest.mark.parametrize(
    "draw", [gallery_of_hostile_names, suspects_of_hostile_names, maps_of_hostile_names]
)
def test_names_above_and_next_to_pictures_do_not_run_into_each_other(draw):
    made = draw(style.Palette(HOSTILE, HOSTILE[0], {}, []))
    with style.style():
        made.set_dpi(style.DPI)
        made.draw_without_rendering()
        written = [text for text in made.findobj(matplotlib.text.Text) if text.get_text().strip()]
        boxes = [text.get_window_extent() for text in written]
    assert len(boxes) >= 24
    for one, other in itertools.combinations(boxes, 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        down = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert min(across, down) < 1  # px


def test_a_name_of_a_row_is_broken_at_its_underscores():
    assert style.wrapped("mitotic_cell in_metaphase", 12) == "mitotic_\ncell in_\nmetaphase"
