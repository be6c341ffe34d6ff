"""Every figure, drawn from invented tables of a large and of a small study and from empty ones."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from figure_study import (
    CHANNELS,
    EMPTY,
    STUDENT,
    WELCH,
    large,
    small,
    texts,
)
from matplotlib.collections import LineCollection, PathCollection

from cellpheno.figures import style
from cellpheno.figures.annotations import annotated_fields
from cellpheno.figures.classification import confusion, grad_cam
from cellpheno.figures.detection import detection
from cellpheno.figures.images import quality, quality_overview
from cellpheno.figures.statistics import class_shares, effects, frequencies, frequencies_stacked
from cellpheno.statistics import frequencies as counting


@pytest.fixture(scope="module", params=[large, small], ids=["7 classes", "2 classes"])
def study(request):
    return request.param()


NAMES = [
    "annotated_fields",
    "class_shares",
    "detection",
    "classifier_training",
    "roc",
    "confusion",
    "embedding",
    "grad_cam",
    "frequencies",
    "frequencies_stacked",
    "effects",
    "power",
    "detectors",
    "classifiers",
    "thresholds",
    "quality",
    "quality_overview",
]


def test_every_figure_of_a_study_is_drawn_and_fits_the_report(study, tmp_path):
    figures = study.draw()
    assert list(figures) == NAMES
    for name, figure in figures.items():
        figure.canvas.draw()
        width, _ = figure.get_size_inches()
        assert width * style.DPI <= 2000, name
        assert width * 25.4 <= style.PAGE_MM + 0.1, name


def test_there_are_as_many_stars_as_significant_comparisons():
    study = large()
    figure = frequencies.draw(study.frequencies, study.tests, WELCH, study.palette)
    shown = study.tests[(study.tests["test"] == "welch") & (study.tests["class"] != "non-CIC")]
    expected = sorted(filter(None, map(style.stars, shown["p_adjusted"])))
    assert expected
    assert sorted(text for text in texts(figure) if text and set(text) == {"*"}) == expected


def test_stars_follow_the_limits_of_the_paper():
    found = [style.stars(p) for p in (0.0009, 0.009, 0.049, 0.05, np.nan)]
    assert found == ["***", "**", "*", "", ""]


def heights(axes):
    """Return the height of each stacked bar."""
    tops = {}
    for bar in axes.patches:
        tops[round(bar.get_x(), 3)] = tops.get(round(bar.get_x(), 3), 0) + bar.get_height()
    return np.array(list(tops.values()))


def test_stacked_shares_of_classes_add_up_to_one(study):
    figure = study.draw()["class_shares"]
    for axes in figure.axes:
        assert heights(axes) == pytest.approx(1)


def test_numbers_over_the_bars_of_a_detector_are_no_wider_than_a_bar(study):
    metrics = study.detection_metrics().assign(value=1.0, ci_low=1.0, ci_high=1.0)
    *_, everything, _ = detection.draw(study.detector_history(), metrics).axes
    assert {text.get_text() for text in everything.texts} == {"1.0"}
    *_, everything, _ = detection.draw(study.detector_history(), metrics.assign(value=0.984)).axes
    assert {text.get_text() for text in everything.texts} == {".98"}


def test_shares_of_classes_have_no_panel_without_cells(study):
    none = study.cells.iloc[:0]
    (axes,) = class_shares.draw(
        study.boxes, study.splits, none, study.conditions, ["predict"], study.palette
    ).axes
    assert axes.get_title() == "annotated"
    none = study.boxes.iloc[:0]
    (axes,) = class_shares.draw(
        none, study.splits, study.cells, study.conditions, ["predict"], study.palette
    ).axes
    assert axes.get_title() == "called (predict)"
    assert axes.get_ylabel() == "share of cells"


def annotated_in(*places):
    """Return the counts of two `a` and one `b` in a field of each split and condition."""
    fields = [f"f{number}" for number in range(len(places))]
    boxes = pd.DataFrame({"field": fields * 3, "label": ["a", "a", "b"] * len(fields)})
    boxes["label"] = boxes.groupby("field").cumcount().map({0: "a", 1: "a", 2: "b"})
    splits = pd.DataFrame({"field": fields, "split": [split for split, _ in places]})
    conditions = pd.Series([name for _, name in places], fields)
    palette = style.Palette(["a", "b"], "a", {}, ["MCF7", "MCF10A", *map(str, range(9))])
    return class_shares.count_annotated(boxes, splits, conditions, palette)


def test_annotated_cells_are_counted_by_split_and_cell_line():
    table = annotated_in(
        ("test", "MCF10A"), ("train", "MCF10A"), ("train", "MCF7"), ("train", "MCF7")
    )
    assert table.index.tolist() == ["train, MCF7", "train, MCF10A", "test, MCF10A"]
    assert table["a"].tolist() == [4, 2, 2]
    assert table["b"].tolist() == [2, 1, 1]


def test_cell_lines_of_long_names_are_counted_apart_too():
    study = large()
    fields = study.boxes["field"].unique()
    lines = ["a line with a very long name, grown in flasks", "another one, grown in dishes"]
    conditions = study.conditions.copy()
    conditions[fields] = [lines[number % 2] for number in range(len(fields))]
    palette = dataclasses.replace(study.palette, conditions=[*study.palette.conditions, *lines])
    tables = (study.boxes, study.splits, study.cells)
    left, _ = class_shares.draw(*tables, conditions, ["predict"], palette).axes
    names = [tick.get_text() for tick in left.get_xticklabels()]
    assert names
    assert all(", a" in name for name in names)


def test_annotated_cells_of_one_condition_or_of_very_many_are_counted_by_split():
    assert annotated_in(("train", "MCF7"), ("test", "MCF7")).index.tolist() == ["train", "test"]
    many = [(split, str(n)) for split in ("train", "val") for n in range(7)]
    assert annotated_in(*many)["a"].to_dict() == {"train": 14, "val": 14}


def test_relative_frequencies_add_up_to_one_and_absolute_ones_to_the_group():
    study = large()
    absolute, relative = frequencies_stacked.draw(
        study.frequencies, study.tests, "replicate", study.palette
    ).axes
    assert heights(relative) == pytest.approx(1)
    units = counting.per_unit(study.frequencies, "replicate")
    cic = units[units["class"] == "CIC"].groupby("condition", sort=False)["frequency"].mean()
    order = list(study.palette.of_conditions(cic.index))
    assert heights(absolute) == pytest.approx(cic[order].to_numpy())


def dots_of(axes):
    """Return the heights of all dots by size."""
    found = {}
    for dots in axes.collections:
        if isinstance(dots, PathCollection):
            size = float(dots.get_sizes()[0])
            found.setdefault(size, []).extend(dots.get_offsets()[:, 1])
    return {size: sorted(heights) for size, heights in found.items()}


@pytest.mark.parametrize("entry", [WELCH, STUDENT], ids=["replicates", "fields"])
def test_every_unit_is_a_dot_and_fields_of_a_replicate_are_smaller_ones(entry):
    study = large()
    axes = frequencies.draw(study.frequencies, study.tests, entry, study.palette).axes[0]
    units = counting.per_unit(study.frequencies, entry["unit"])
    expected = units.loc[units["class"] == "partial", "frequency"].dropna()
    dots = dots_of(axes)
    dots.pop(10.0)  # the means
    if entry is WELCH:
        assert dots[18.0] == pytest.approx(sorted(expected))
        fields = study.frequencies.loc[study.frequencies["class"] == "partial", "frequency"]
        assert dots[3.0] == pytest.approx(sorted(fields.dropna()))
    else:
        assert dots[6.0] == pytest.approx(sorted(expected))


def test_simulated_frequencies_cross_the_boxes_of_their_conditions():
    study = large()
    rows = [("control", "partial", 0.4), ("mock", "partial", np.nan), ("mock", "two-in-one", 0.2)]
    planted = pd.DataFrame(rows, columns=["condition", "class", "simulated"])
    figure = frequencies.draw(study.frequencies, study.tests, WELCH, study.palette, planted)
    bars = {
        axes.get_title(): [line for line in axes.collections if isinstance(line, LineCollection)]
        for axes in figure.axes
    }
    (left, height), (right, _) = bars["partial"][0].get_segments()[0]
    place = list(study.palette.of_conditions(study.frequencies["condition"])).index("control")
    assert len(bars["partial"][0].get_segments()) == 1
    assert left < place < right
    assert height == 0.4
    assert figure.axes[0].get_ylim()[1] > 0.4


def test_filled_marks_of_the_forest_plot_are_the_significant_comparisons():
    study = large()
    figure = effects.draw(study.tests, [WELCH, STUDENT], study.palette)
    for axes, test in zip(figure.axes, ("welch", "student"), strict=True):
        marks = [line for line in axes.lines if line.get_marker() == "o"]
        filled = [line for line in marks if line.get_markerfacecolor() != "white"]
        part = study.tests[study.tests["test"] == test]
        assert len(marks) == part["p"].notna().sum()
        assert len(filled) == (part["p_adjusted"] < 0.05).sum()


def test_tests_that_differ_only_in_their_correction_are_not_mixed():
    study = large()
    plain = {**WELCH, "correction": "none"}
    both = study.tested([WELCH, plain])
    for number, entry in enumerate((WELCH, plain)):
        alone = study.tested([entry])
        starred = alone[alone["class"] != "non-CIC"]
        expected = sorted(filter(None, map(style.stars, starred["p_adjusted"])))
        boxes = frequencies.draw(study.frequencies, both, entry, study.palette)
        assert sorted(text for text in texts(boxes) if text and set(text) == {"*"}) == expected
        column = effects.draw(both, [WELCH, plain], study.palette).axes[number]
        marks = [line for line in column.lines if line.get_marker() == "o"]
        assert len(marks) == alone["p"].notna().sum()


def test_a_field_shows_the_numbers_of_all_its_cells_and_the_largest_box_first(study):
    panel = study.panels()[0]
    axes = annotated_fields.draw([panel], study.palette).axes[0]
    shown = [text.get_text() for text in axes.texts[: len(study.palette.classes)]]
    numbers = panel.cells["call"].value_counts()
    assert shown == [str(numbers.get(name, 0)) for name in study.palette.classes]
    areas = [box.get_width() * box.get_height() for box in axes.patches]
    assert areas == sorted(areas, reverse=True)
    assert len(areas) == len(panel.cells)


def test_scores_on_boxes_are_short():
    found = [annotated_fields.score_label(score) for score in (0.004, 0.014, 0.876, 1.0)]
    assert found == ["0", ".01", ".88", "1.00"]


def test_typical_fields_are_chosen_one_for_each_of_many_conditions():
    study = large()
    chosen = annotated_fields.choose(study.cells, study.quality, study.splits, ["predict"])
    quality_of = study.quality.set_index("field").loc[chosen]
    assert quality_of["condition"].tolist() == list(study.palette.conditions[1:])
    assert (quality_of["verdict"] == "ok").all()
    shuffled = study.cells.sample(frac=1, random_state=0)
    again = annotated_fields.choose(shuffled, study.quality, study.splits, ["predict"])
    assert again == chosen


def test_kinds_of_cells_wrong_calls_and_the_resolution_are_named_in_the_grad_cam_figure():
    study = large()
    cells, *arrays = study.explained()
    shown = texts(grad_cam.draw(cells, *arrays, study.palette))
    marked = [text for text in shown if "✗" in text]
    assert len(marked) == (cells["label"] != cells["call"]).sum() > 0
    kinds = cells["kind"].unique()
    assert set(kinds) == {"surest", "by chance", "wrong"}
    assert {grad_cam.HEADINGS[kind] for kind in kinds} <= set(shown)
    assert "Maps of layer2: 12 × 12 positions" in shown


def test_fields_set_aside_are_named_with_their_reason():
    study = large()
    bad = study.quality.loc[study.quality["verdict"] != "ok"].iloc[0]
    written = texts(study.draw()["quality_overview"])
    assert bad["field"] in " ".join(written).replace("\n", "")
    assert any(text.replace("\n", " ") == bad["verdict"] for text in written)
    assert "1 of 90 fields set aside" in written
    assert "no image" not in written


def with_many_set_aside():
    quality = large().quality.copy()
    quality.loc[:39, "verdict"] = "out of focus: share of fine detail of nucleus 0.001, limit 0.02"
    quality.loc[30, "verdict"] = "a.tif is empty (0 bytes); copy it again from its source."
    return quality


def test_of_many_fields_set_aside_some_of_each_kind_are_shown_and_the_others_counted():
    study, many = large(), with_many_set_aside()
    chosen = quality_overview.choose(many)
    assert len(chosen) == quality_overview.MOST_SHOWN
    assert many.loc[30, "field"] in chosen
    figure = quality_overview.draw(many, study.limits, CHANNELS, {})
    assert "40 of 90 fields set aside; 12 shown and 28 more in qc/fields.tsv" in texts(figure)
    assert texts(figure).count("no image") == 12


def test_a_study_without_bad_fields_says_so():
    study = large()
    sound = study.quality[study.quality["verdict"] == "ok"]
    written = texts(quality_overview.draw(sound, study.limits, CHANNELS, {}))
    assert "No field was set aside: all 89 are used." in written
    assert "All 89 fields are used." in texts(quality.draw(sound, study.limits, CHANNELS))


def test_fields_and_limits_are_drawn_where_they_lie():
    study = large()
    panels = quality.draw(study.quality, study.limits, CHANNELS).axes
    assert len(panels) == 4 * len(CHANNELS)  # the variance of the Laplacian is off
    contrast = next(axes for axes in panels if axes.get_ylabel() == "contrast\nto noise")
    assert {tuple(line.get_ydata()) for line in contrast.get_lines()} == {(9.0, 9.0)}
    drawn = np.concatenate([dots.get_offsets()[:, 1] for dots in contrast.collections])
    np.testing.assert_allclose(np.sort(drawn), np.sort(study.quality["membrane_contrast"]))
    background = next(axes for axes in panels if axes.get_ylabel() == "background,\ncounts")
    assert {tuple(line.get_ydata()) for line in background.get_lines()} == {(480.0, 480.0)}


def test_unusual_fields_that_are_used_are_counted():
    study = large()
    remarked = study.quality.assign(remark="")
    remarked.loc[:2, "remark"] = "blank channel: nucleus"
    (sentence,) = [
        text
        for text in texts(quality.draw(remarked, study.limits, CHANNELS))
        if "set aside" in text
    ]
    assert "3 unusual ones are used" in sentence


def test_thumbnails_are_small_and_keep_their_shape():
    assert quality_overview.thumbnail(np.zeros((2160, 2560, 3), np.uint8)).shape == (338, 400, 3)
    assert quality_overview.thumbnail(np.zeros((90, 120, 3), np.uint8)).shape == (90, 120, 3)


def test_colours_do_not_depend_on_which_classes_and_conditions_are_there():
    palette = large().palette
    colours = [palette[name] for name in palette.classes]
    assert len(set(colours)) == len(colours)
    some = palette.of_conditions(["GAP(1-194)", "control"])
    assert some["GAP(1-194)"] == palette.of_conditions(palette.conditions)["GAP(1-194)"]
    assert list(some) == ["control", "GAP(1-194)"]


def test_more_classes_than_colours_still_get_a_colour_each():
    many = style.Palette([f"c{n}" for n in range(20)], "c0", {}, [])
    assert len({many[name] for name in many.classes}) == 20


def test_the_papers_colours_are_those_of_its_classes_in_their_order():
    paper = dataclasses.replace(large().palette, scheme="published")
    found = [paper[name] for name in paper.classes]
    black, yellow, red, magenta = "#000000", "#FFFF00", "#FF0000", "#FF00FF"
    cyan, blue, green = "#00FFFF", "#0000FF", "#008000"
    assert found == [black, yellow, red, magenta, cyan, blue, green]
    assert paper["CIC"] not in found


def test_a_colour_chosen_by_hand_goes_before_those_of_the_palette():
    chosen = dataclasses.replace(large().palette, colours={"partial": "#123456", "CIC": "#654321"})
    assert (chosen["partial"], chosen["CIC"]) == ("#123456", "#654321")
    assert chosen["one-in-one"] == large().palette["one-in-one"]


def test_every_figure_is_drawn_in_the_papers_colours():
    paper = dataclasses.replace(
        large(), palette=dataclasses.replace(large().palette, scheme="published")
    )
    for figure in paper.draw().values():
        figure.canvas.draw()


def test_words_in_the_colour_of_a_class_can_be_read_on_white():
    for colour in (*style.OKABE_ITO, *style.PUBLISHED, style.NEGATIVE):
        assert style.luminance(style.as_ink(colour)) <= 0.25
    assert style.as_ink("#0072B2") == "#0072b2"


def test_equal_figures_give_equal_files(tmp_path):
    study = small()
    for name in ("a", "b"):
        figure = confusion.draw(study.confusion(), "test", study.palette)
        style.save(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
    for kind in ("pdf", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert matplotlib.image.imread(tmp_path / "a.png").std() > 0


def test_class_names_are_never_read_as_mathematics():
    palette = style.Palette(["$x^2$", "a_$b"], "$x^2$", {}, [])
    table = pd.DataFrame({"split": "test", "label": ["a_$b"], "call": ["$x^2$"], "n": [3]})
    confusion.draw(table, "test", palette).canvas.draw()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_gives_a_sentence_instead_of_a_picture(study, name):
    figure = EMPTY[name](study)
    figure.canvas.draw()
    (sentence,) = [text for text in texts(figure) if text]
    assert sentence.endswith(".")


def test_a_matplotlibrc_of_the_working_folder_changes_nothing(tmp_path):
    """It can have every text set by LaTeX, which reads and writes files."""
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nbackend: module://evil\n")
    (tmp_path / "evil.py").write_text("open('ran', 'w')")
    code = (
        "from cellpheno.figures import style; figure = style.message('$\\\\frac$'); "
        "style.save(figure, 'a.pdf', 'a.png')"
    )
    library = str(Path(style.__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": library}, check=True
    )
    assert (tmp_path / "a.png").exists()
    assert not (tmp_path / "ran").exists()
