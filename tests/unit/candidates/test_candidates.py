"""Candidates without a detector: patches of a sliding window, drawn objects."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.candidates import grid_and_objects
from cellpheno.core.errors import StudyError
from cellpheno.images.crops import Geometry, cut
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.columns import BOX_COLUMNS


def quality(*rows):
    names = ["field", "condition", "replicate", "group", "verdict", "height", "width"]
    frame = pd.DataFrame(rows, columns=["field", "verdict", "height", "width"])
    frame = frame.assign(condition="c", replicate="r", group="g")
    return frame[names].assign(saturated_fraction=0.0, focus=1.0)


def test_patches_of_half_overlap_on_the_published_field_are_11_by_8():
    boxes = grid_and_objects.grid(1024, 1344, 224, 112)
    assert len(boxes) == 11 * 8
    assert boxes[0].tolist() == [0, 0, 224, 224]
    assert boxes[1].tolist() == [112, 0, 336, 224]  # row by row
    assert boxes[-1].tolist() == [1120, 784, 1344, 1008]


def test_what_is_left_over_at_the_edges_is_in_no_patch():
    assert grid_and_objects.grid(10, 13, 4, 3).tolist() == [
        [x, y, x + 4, y + 4] for y in (0, 3, 6) for x in (0, 3, 6, 9)
    ]


def test_a_field_set_aside_has_no_patches():
    fields = quality(("a", "ok", 8, 8), ("b", "out of focus", 8, 8), ("c", "ok", 8, 12))
    found = grid_and_objects.of_grid(fields, ["a", "b", "c"], 8, 4)
    assert found["field"].tolist() == ["a", "c", "c"]
    assert (found["score"] == 1).all()


def test_only_fields_of_the_shard_have_patches():
    fields = quality(("a", "ok", 8, 8), ("b", "ok", 8, 8))
    assert grid_and_objects.of_grid(fields, ["b"], 8, 8)["field"].tolist() == ["b"]


def test_a_shard_without_usable_fields_has_an_empty_table(tmp_path):
    found = grid_and_objects.of_grid(quality(("a", "empty", 8, 8)), ["a"], 8, 8)
    storage.write(found, tmp_path / "none.parquet", DETECTIONS)
    assert found.empty


def test_a_field_smaller_than_a_patch_is_refused():
    with pytest.raises(StudyError, match=r"field a has 12 x 7 px, which holds no patch of 8 px"):
        grid_and_objects.of_grid(quality(("a", "ok", 7, 12)), ["a"], 8, 8)


def test_drawn_objects_of_usable_fields_are_candidates_once():
    drawn = pd.DataFrame(
        [["b", 0, 0, 4, 4], ["a", 1, 1, 5, 5], ["a", 1, 1, 5, 5], ["c", 0, 0, 4, 4]],
        columns=["field", *BOX_COLUMNS],
    ).assign(label="live", annotator=["p", "p", "q", "p"])
    fields = quality(("a", "ok", 8, 8), ("b", "ok", 8, 8), ("c", "empty", 8, 8))
    found = grid_and_objects.of_objects(fields, ["a", "b", "c"], drawn)
    assert found["field"].tolist() == ["a", "b"]
    assert found[BOX_COLUMNS].to_numpy().tolist() == [[1, 1, 5, 5], [0, 0, 4, 4]]


def test_a_patch_reaches_the_classifier_without_a_changed_pixel():
    field = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    boxes = grid_and_objects.grid(40, 50, 16, 8)
    crops = cut(field, boxes, Geometry(margin=0, border=0, size=16))
    for crop, (left, top, right, bottom) in zip(crops, boxes.astype(int), strict=True):
        assert np.array_equal(crop, field[top:bottom, left:right])
