"""Figures of the data set: annotations, found cells, and examples of the classes."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figure_study import large, no_rows, small, texts
from rule_list import matches, rules

from cellpheno.figures import style
from cellpheno.figures.calls import gallery
from cellpheno.figures.detection import cells_per_field, found_and_missed
from cellpheno.figures.embedding import embedding
from cellpheno.statistics import frequencies
from cellpheno.tables.columns import BOX_COLUMNS, SPLITS_ALLOWED

ROOT = Path(__file__).parents[3]
SPLITS = SPLITS_ALLOWED


@pytest.fixture(params=[large, small], ids=["7 classes", "2 classes"])
def study(request):
    return request.param()


def sized(study):
    return study.quality.assign(height=study.shape[0], width=study.shape[1])


def examples(study):
    """Return examples in which two cells are missed and one box is made up."""
    found = []
    for field in found_and_missed.choose(study.boxes, sized(study), study.splits):
        annotated = study.boxes[study.boxes["field"] == field]
        detected = annotated[["field", *BOX_COLUMNS]].assign(score=0.9).iloc[2:]
        elsewhere = detected.head(1).assign(
            **dict(zip(BOX_COLUMNS, (-99, -99, -9, -9), strict=True))
        )
        detected = pd.concat([detected, elsewhere])
        split = study.splits.set_index("field")["split"][field]
        found.append(found_and_missed.Example(field, split, study.image(), annotated, detected))
    return found


def chosen(study, source):
    table = {"annotated": study.boxes, "called": study.cells}[source]
    column = {"annotated": "label", "called": "call"}[source]
    return gallery.choose(table.assign(**{"class": table[column]}), sized(study), study.palette)


def pictures(cells):
    return np.zeros((len(cells), 20, 20, 3), np.uint8)


def annotated_frequencies(study):
    cells = study.boxes.assign(call=study.boxes["label"])
    there = study.quality[study.quality["field"].isin(study.boxes["field"])]
    classes = list(study.palette.classes)
    return frequencies.count(cells, there, study.splits, classes, {}, study.excluded, SPLITS)


def per_field(study, palette=None):
    annotated = annotated_frequencies(study)
    palette = palette or study.palette
    return cells_per_field.draw(annotated, study.frequencies, study.excluded, palette)


def all_splits(study):
    table = study.cells.copy()
    for number, name in enumerate(("tsne_1", "tsne_2", "umap_1", "umap_2")):
        table[name] = np.random.default_rng(number).normal(size=len(table))
    return table


def test_every_figure_fits_the_page_in_both_palettes(study):
    for scheme in style.SCHEMES:
        palette = dataclasses.replace(study.palette, scheme=scheme)
        cells = chosen(study, "called")
        for figure in (
            found_and_missed.draw(examples(study), palette),
            gallery.draw(cells, pictures(cells), palette),
            per_field(study, palette),
            embedding.draw(all_splits(study), palette),
        ):
            figure.canvas.draw()
            assert figure.get_size_inches()[0] * 25.4 <= style.PAGE_MM + 0.1


def test_a_held_out_field_of_usual_density_is_shown(study):
    fields = found_and_missed.choose(study.boxes, sized(study), study.splits)
    split_of = study.splits.set_index("field")["split"]
    assert fields
    assert set(split_of[fields]) == {"test"}
    numbers = study.boxes.groupby("field").size()
    tested = numbers[split_of[numbers.index] == "test"]
    assert tested.min() <= numbers[fields[0]] <= tested.max()


def test_training_fields_are_shown_where_nothing_is_held_out():
    study = large()
    splits = study.splits.replace({"split": {"test": "train", "val": "train"}})
    assert len(found_and_missed.choose(study.boxes, sized(study), splits)) == 1


def test_bright_field_next_to_dyes_is_drawn_with_the_annotated_boxes():
    example = examples(large())[0]
    example = dataclasses.replace(example, alone=example.image[..., 1])
    bright, dyes, found = found_and_missed.draw([example], large().palette, "brightfield").axes
    assert bright.get_title(loc="left") == "brightfield, annotated"
    assert np.array_equal(bright.images[0].get_array()[..., 2], example.alone)
    assert len(bright.patches) == len(dyes.patches) == len(example.annotated)
    assert bright.get_xlim() == dyes.get_xlim() == found.get_xlim()


def test_found_missed_and_false_cells_are_told_apart_and_counted():
    (example,) = examples(large())
    outcomes = found_and_missed.judge(example)
    n = len(example.annotated)
    assert {name: len(boxes) for name, boxes in outcomes.items()} == {
        "found": n - 2,
        "missed": 2,
        "false": 1,
    }
    assert outcomes["false"]["x_min"].tolist() == [-99]
    figure = found_and_missed.draw([example], large().palette)
    assert {f"{n} annotated", f"{n - 2} found, 2 missed, 1 false"} <= set(texts(figure))
    left, right = figure.axes
    assert len(left.patches) == n
    assert len(right.patches) == n + 1


def test_a_gallery_shows_some_cells_of_each_class(study):
    cells = chosen(study, "called")
    assert list(dict.fromkeys(cells["class"])) == list(study.palette.classes)
    assert cells["class"].value_counts().max() == gallery.EACH


def test_cells_of_a_class_come_from_different_fields_where_there_are_enough():
    cells = chosen(large(), "called")
    assert len(cells) == gallery.EACH * len(large().palette.classes)
    assert not cells.duplicated(["class", "field"]).any()


def test_a_gallery_does_not_depend_on_the_order_of_the_cells():
    study = large()
    table = study.cells.assign(**{"class": study.cells["call"]})
    shuffled = table.sample(frac=1, random_state=0)
    found = [gallery.choose(t, sized(study), study.palette) for t in (table, shuffled)]
    pd.testing.assert_frame_equal(found[0], found[1])


def test_pictures_of_a_gallery_are_of_one_scale_and_inside_their_field(study):
    cells = chosen(study, "annotated")
    boxes = cells[BOX_COLUMNS].to_numpy()
    sides = boxes[:, 2:] - boxes[:, :2]
    np.testing.assert_allclose(sides, sides[0, 0])
    height, width = study.shape
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= [width, height]).all()


def test_cells_at_the_border_are_only_shown_where_there_are_no_others():
    quality = pd.DataFrame({"field": ["a"], "width": [500], "height": [500]})
    inner = [(100 + n, 100, 120 + n, 120) for n in range(gallery.EACH)]
    rows = [(0, 0, 20, 20), *inner, (480, 200, 500, 220)]
    cells = pd.DataFrame(rows, columns=BOX_COLUMNS, dtype=float).assign(field="a")
    palette = style.Palette(["x"], "x", {}, [])
    shown = gallery.choose(cells.assign(**{"class": "x"}), quality, palette)
    centres = sorted((shown["x_min"] + shown["x_max"]) / 2)
    assert centres == [110.0 + n for n in range(gallery.EACH)]


def test_marks_show_which_cell_of_a_picture_is_meant():
    quality = pd.DataFrame({"field": ["a"], "width": [200], "height": [200]})
    rows = [(0.0, 0.0, 20.0, 10.0), (60.0, 80.0, 100.0, 120.0)]
    cells = pd.DataFrame(rows, columns=BOX_COLUMNS).assign(field="a", **{"class": "x"})
    shown = gallery.choose(cells, quality, style.Palette(["x"], "x", {}, []))
    made = gallery.draw(shown, pictures(shown), style.Palette(["x"], "x", {}, []))
    marked = []
    for axes in made.axes[:2]:
        ends = np.concatenate([line.get_xydata() for line in axes.lines]) + 0.5
        marked.append([*ends.min(axis=0), *ends.max(axis=0)])
    side = shown["x_max"] - shown["x_min"]
    corner = shown[["x_min", "y_min"]].to_numpy()
    boxes = np.array(marked) * (side / 20).to_numpy()[:, None] + np.tile(corner, 2)
    assert sorted(map(tuple, boxes.round(6))) == rows


def test_a_call_that_the_annotator_does_not_share_is_marked():
    study = large()
    cells = chosen(study, "called")
    written = texts(gallery.draw(cells, pictures(cells), study.palette))
    wrong = cells["label"].notna() & (cells["label"] != cells["call"])
    assert sum("✗" in text for text in written) == wrong.sum() > 0


def test_annotated_cells_have_no_score():
    cells = chosen(small(), "annotated")
    written = texts(gallery.draw(cells, pictures(cells), small().palette))
    side = cells["x_max"].iloc[0] - cells["x_min"].iloc[0]
    expected = {*small().palette.classes, f"each picture {side:.0f} × {side:.0f} px"}
    assert {text for text in written if text} == expected


def test_every_field_is_a_dot_in_each_panel(study):
    figure = per_field(study)
    counted = [annotated_frequencies(study), study.frequencies]
    for row, table in zip((figure.axes[:3], figure.axes[3:]), counted, strict=True):
        fields = cells_per_field.summarise(table, study.palette.negative)
        for axes, column in zip(row, ("n_cells", "n_special", "share"), strict=True):
            # every second collection is the diamond of the mean
            dots = np.concatenate([c.get_offsets()[:, 1] for c in axes.collections[::2]])
            np.testing.assert_allclose(np.sort(dots), np.sort(fields[column].dropna()))


def test_special_cells_are_all_counted_ones_but_the_negative():
    table = pd.DataFrame(
        [("a", "c", "non", 10, 6), ("a", "c", "x", 10, 4), ("b", "c", "non", 0, 0)],
        columns=["field", "condition", "class", "n_cells", "n_class"],
    )
    found = cells_per_field.summarise(table, "non")
    assert found["n_special"].tolist() == [4, 0]
    assert found["share"].tolist()[0] == 0.4
    assert np.isnan(found["share"].tolist()[1])


def test_special_cells_have_the_name_of_their_group_where_there_is_one():
    palette = style.Palette(["no", "x", "y", "z"], "no", {"both": ["x", "y"]}, [])
    assert cells_per_field.special_name(palette, ["z"]) == "both"
    assert cells_per_field.special_name(palette, []) == "cells other than no"
    assert cells_per_field.special_name(style.Palette(["no", "x"], "no", {}, []), []) == "x"


def test_the_map_shows_splits_only_where_training_cells_are_among_others():
    study = large()
    table = all_splits(study)
    assert len(embedding.draw(table, study.palette).axes) == 8
    held_out = table[table["split"].isin(["test", "predict"])]
    assert len(embedding.draw(held_out, study.palette).axes) == 6


def test_a_map_of_one_condition_has_no_panel_of_conditions():
    study = large()
    table = all_splits(study)
    training = table[table["split"] == "train"]
    assert training["condition"].nunique() == 1
    assert len(embedding.draw(training, study.palette).axes) == 4


EMPTY = {
    "found_and_missed": lambda s: found_and_missed.draw([], s.palette),
    "gallery": lambda s: gallery.draw(no_rows(chosen(s, "called")), pictures([]), s.palette),
    "cells_per_field": lambda s: cells_per_field.draw(
        no_rows(s.frequencies), no_rows(s.frequencies), [], s.palette
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_table_gives_a_sentence_instead_of_a_picture(study, name):
    figure = EMPTY[name](study)
    figure.canvas.draw()
    (sentence,) = [text for text in texts(figure) if text]
    assert sentence.endswith(".")


def test_no_cells_are_no_choice(study):
    table = no_rows(study.cells).assign(**{"class": pd.Series(dtype=str)})
    assert gallery.choose(table, sized(study), study.palette).empty
    assert found_and_missed.choose(no_rows(study.boxes), sized(study), study.splits) == []


def test_the_figures_that_redraw_those_of_a_paper_exist():
    rows = [line.split("|") for line in (ROOT / "docs/figures.md").read_text().splitlines()]
    named = {name for row in rows if len(row) > 4 for name in re.findall(r"`(\w+)`", row[3])}
    assert len(named) > 20
    drawn = [Path(rule.output[0]).stem for name, rule in rules().items() if name[:5] == "plot_"]
    assert [name for name in named if not any(matches(name, one) for one in drawn)] == []
