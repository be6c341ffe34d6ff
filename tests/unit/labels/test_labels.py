"""A cell has the class of the annotated cell that it is."""

import numpy as np
import pandas as pd

from cellpheno.labels import from_annotations
from cellpheno.tables.columns import BOX_COLUMNS

HERE, SHIFTED, AWAY = (0, 0, 10, 10), (2, 0, 12, 10), (50, 50, 60, 60)
"""SHIFTED overlaps HERE by 8 / 12."""


def table(*rows, index=None):
    frame = pd.DataFrame([box for _, box, *_ in rows], columns=BOX_COLUMNS, dtype=float)
    frame.insert(0, "field", [field for field, *_ in rows])
    if rows and len(rows[0]) == 3:
        frame["label"] = [label for *_, label in rows]
    return frame if index is None else frame.set_index(pd.Index(index))


def given(cells, scores, annotated, **options):
    label = from_annotations.from_annotations(cells, np.array(scores, float), annotated, **options)
    assert label.index.equals(cells.index)
    return [None if pd.isna(name) else name for name in label]


def test_a_cell_has_the_class_of_the_annotated_cell_it_overlaps():
    annotated = table(("a", AWAY, "partial"), ("a", HERE, "p_in turn"))
    assert given(table(("a", SHIFTED), ("a", AWAY)), [0.9, 0.8], annotated) == [
        "p_in turn",
        "partial",
    ]


def test_a_cell_that_overlaps_none_or_too_little_has_no_class():
    annotated = table(("a", HERE, "partial"))
    assert given(table(("a", AWAY)), [0.9], annotated) == [None]
    assert given(table(("a", SHIFTED)), [0.9], annotated) == ["partial"]
    assert given(table(("a", SHIFTED)), [0.9], annotated, min_iou=0.7) == [None]


def test_the_best_scored_cell_takes_the_annotated_cell_which_is_taken_once():
    annotated = table(("a", HERE, "partial"))
    cells = table(("a", HERE), ("a", SHIFTED))
    assert given(cells, [0.6, 0.9], annotated) == [None, "partial"]
    assert given(cells, [0.9, 0.6], annotated) == ["partial", None]


def test_fields_do_not_mix_and_their_rows_may_alternate():
    annotated = table(("b", HERE, "two-in-one"), ("a", HERE, "partial"))
    cells = table(("a", HERE), ("b", HERE), ("c", HERE), ("a", AWAY), ("b", AWAY))
    assert given(cells, [0.1, 0.9, 0.8, 0.7, 0.6], annotated) == [
        "partial",
        "two-in-one",
        None,
        None,
        None,
    ]


def test_the_index_of_the_cells_is_kept_and_not_taken_for_a_position():
    annotated = table(("a", HERE, "partial"), ("a", AWAY, "unclear"), index=[5, 5])
    cells = table(("a", AWAY), ("a", HERE), index=[1, 0])
    assert given(cells, [0.5, 0.6], annotated) == ["unclear", "partial"]


def test_no_annotated_or_no_found_cells_give_no_classes():
    annotated = table(("a", HERE, "partial"))
    assert given(table(("a", HERE)), [0.9], annotated.iloc[:0]) == [None]
    assert given(table(("a", HERE)).iloc[:0], [], annotated) == []
