"""Figure S5: one row for each subset, an example next to its numbers."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.figures import style
from cellpheno.figures.classification import subsets
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import SUBSET_METRICS

CLASSES = ["none", "one", "two"]
PALETTE = style.Palette(CLASSES, "none", {"any": ["one", "two"]}, [])
NUMBERS = [
    ("detection", "all", "recall@0.5", 0.91),
    ("detection", "all", "precision@0.5", 0.82),
    ("detection", "all", "f1@0.5", 0.73),
    ("classification", "any", "sensitivity", 0.64),
    ("classification", "any", "auc", 0.55),
    ("classification", "one", "sensitivity", 0.46),
    ("classification", "one", "auc", 0.37),
    ("classification", "all", "balanced_accuracy", 0.28),
    ("classification", "all", "mean_auc", 0.19),
]


def metrics(number=2, column="cell_line"):
    rows = [
        (column, f"line {n}", *numbers, numbers[-1] - 0.05, numbers[-1] + 0.05, 3, "", 3, 40)
        for n in range(number)
        for numbers in NUMBERS
    ]
    return pd.DataFrame(rows, columns=[c.name for c in SUBSET_METRICS.columns])


def cells(*rows):
    return pd.DataFrame(rows, columns=[*BOX_COLUMNS, "label", "call"])


def example():
    drawn = cells((400, 300, 440, 340, "one", "one"), (10, 10, 50, 50, "none", "one"))
    return subsets.Example(np.zeros((400, 600, 3), np.uint8), drawn, drawn)


def texts(figure):
    figure.canvas.draw()
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_each_subset_is_a_row_of_numbers_beside_a_piece_of_a_field():
    table = metrics()
    pieces = {("cell_line", name): example() for name in ("line 0", "line 1")}
    figure = subsets.draw(table, pieces, PALETTE)
    assert texts(figure) == ["0.910", "0.820", "0.730", "0.640", "0.550"] * 2
    assert sum(len(axes.images) for axes in figure.axes) == 2
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == ["line 0\n3 fields, 40 cells", "line 1\n3 fields, 40 cells"]
    width, _ = figure.get_size_inches()
    assert width * style.DPI <= 2000


def test_the_mean_of_single_fields_lies_below_the_number_with_its_standard_deviation():
    table = metrics(1)
    further = [("recall@0.5 mean of fields", 0.8), ("recall@0.5 sd of fields", 0.1)]
    rows = [table.iloc[0].to_dict() | {"metric": name, "value": v} for name, v in further]
    rows.append(table.iloc[0].to_dict() | {"metric": "n_detected", "value": 42.0})
    figure = subsets.draw(pd.concat([table, pd.DataFrame(rows)]), {}, PALETTE)
    axes = figure.axes[0]
    assert axes.get_ylabel() == "line 0\n3 fields, 40 cells\n42 boxes found"
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert diamonds[0].get_xdata()[0] == 0.8
    assert axes.collections[-1].get_segments()[0][:, 0].tolist() == pytest.approx([0.7, 0.9])
    assert not [line for line in figure.axes[1].lines if line.get_marker() == "D"]


@pytest.mark.parametrize(
    ("classes", "groups", "wanted"),
    [
        (CLASSES, {"any": ["one", "two"]}, ["sensitivity\nany", "AUC\nany"]),
        (["none", "one"], {}, ["sensitivity\none", "AUC\none"]),
        (CLASSES, {}, ["mean\nsensitivity", "mean\nAUC"]),
    ],
)
def test_special_cells_are_a_group_or_the_only_special_class_or_the_mean(classes, groups, wanted):
    figure = subsets.draw(metrics(), {}, style.Palette(classes, "none", groups, []))
    assert titles(figure)[3:] == wanted


def test_the_piece_shows_the_special_cell_and_boxes_tell_right_from_wrong_calls():
    figure = subsets.draw(metrics(1), {("cell_line", "line 0"): example()}, PALETTE)
    figure.canvas.draw()
    axes = figure.axes[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert left <= 400
    assert right >= 440
    assert top <= 300
    assert bottom >= 340
    colours = [patch.get_edgecolor()[:3] for patch in axes.patches]
    assert colours == [(1.0, 1.0, 1.0), style.to_rgb(style.ALERT)]


def test_a_subset_without_detected_cells_says_so():
    table = metrics(1)
    figure = subsets.draw(table[table["task"] == "detection"], {}, PALETTE)
    assert texts(figure)[3:] == ["none", "none"]


def test_the_typical_field_is_nearest_to_the_median_number_of_cells():
    boxes = pd.DataFrame({"field": ["a"] * 9 + ["b"] * 5 + ["c"] * 4})
    chosen = subsets.choose({("line", "x"): ["a", "b", "c"], ("line", "y"): ["bare"]}, boxes)
    assert chosen == {("line", "x"): "b", ("line", "y"): "bare"}


def test_many_subsets_are_drawn_without_pictures_and_no_more_than_fit_a_page():
    many = {("plate", str(n)): ["a"] for n in range(9)}
    assert subsets.choose(many, pd.DataFrame({"field": ["a"]})) == {}
    figure = subsets.draw(metrics(45), {}, PALETTE)
    assert figure.get_supxlabel() == "5 more in metrics/subsets.tsv"
    assert figure.get_size_inches()[1] * 25.4 < 320


def test_two_columns_are_told_apart_by_their_name():
    both = pd.concat([metrics(1), metrics(1, "plate")])
    labels = [axes.get_ylabel() for axes in subsets.draw(both, {}, PALETTE).axes]
    assert [label.split("\n")[0] for label in labels if label] == [
        "cell_line line 0",
        "plate line 0",
    ]


def test_no_metrics_give_a_sentence_instead_of_a_picture():
    figure = subsets.draw(metrics(0), {}, PALETTE)
    assert figure.texts[0].get_text().endswith(".")
