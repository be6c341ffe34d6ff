"""UMAP of several classifiers side by side: the same cells, by class and by patient."""

import matplotlib.text
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from cellpheno.figures import style
from cellpheno.figures.embedding import embeddings

PALETTE = style.Palette(["R", "G", "U"], "U", {}, ["p06", "p07"])


@pytest.fixture
def cells():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"field": [f"f{n}" for n in np.arange(40) % 4]})
    frame = frame.assign(label=np.repeat(["R", "G", "U", None], 10), call="R", split="test")
    frame["condition"] = np.where(frame["field"].isin(["f0", "f1"]), "p06", "p07")
    for name in ("tsne_1", "tsne_2", "umap_1", "umap_2"):
        frame[name] = random.normal(size=40)
    return frame


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_a_column_of_the_sample_sheet_comes_beside_the_cells(cells):
    fields = pd.DataFrame({"field": ["f3", "f2", "f1", "f0"], "plate": ["b", "b", "a", "a"]})
    joined = embeddings.of_sheet(cells, fields, ["condition", "plate"])
    assert (joined["condition"] == cells["condition"]).all()
    assert dict(zip(joined["field"], joined["plate"], strict=True)) == {
        "f0": "a",
        "f1": "a",
        "f2": "b",
        "f3": "b",
    }


def test_there_is_a_panel_for_each_classifier_and_column_in_the_columns_colours(cells):
    figure = embeddings.draw({"bf": cells, "fl": cells}, ["condition"], PALETTE)
    figure.canvas.draw()
    assert len(figure.axes) == 4
    shown = texts(figure)
    assert "bf\n(30 of 40 annotated)" in shown
    assert {"p06", "p07", "R", "G", "U", "not annotated"} <= set(shown)
    layers = [dots for dots in figure.axes[2].collections if len(dots.get_offsets())]
    drawn = {to_hex(colour) for dots in layers for colour in dots.get_facecolor()}
    assert drawn == {colour.lower() for colour in PALETTE.of_conditions(["p06", "p07"]).values()}


def test_without_cells_there_is_a_sentence(cells):
    figure = embeddings.draw({"bf": cells[:0]}, [], PALETTE)
    assert [text for text in texts(figure) if text] == [
        "Too few cells in the chosen splits to embed."
    ]
