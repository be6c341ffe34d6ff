"""Boxes that belong to pictures of another size are refused, or warned of where that is a guess."""

import numpy as np
import pytest

from cellpheno.annotations import placement
from cellpheno.core import notices
from cellpheno.core.errors import StudyError


@pytest.fixture(autouse=True)
def no_warnings_so_far(monkeypatch):
    monkeypatch.setattr(notices, "_given", [])


def check(scale: float, n_fields: int = 6, per_field: int = 3, seed: int = 0) -> list[str]:
    """Check boxes all over fields of 200 x 100 px, drawn on pictures of `scale` times the size."""
    random = np.random.default_rng(seed)
    n = n_fields * per_field
    corners = random.uniform(0, 1, (n, 2)) * [180, 80]
    edges = scale * np.hstack([corners, corners + 20])
    fields = np.repeat([f"f{number}" for number in range(n_fields)], per_field).astype(object)
    placement.check(edges, np.tile([200.0, 100.0], (n, 1)), fields, np.full(n, "a.json", object))
    return notices.given()


def test_boxes_of_the_fields_themselves_are_sound():
    assert check(1.0) == []


def test_boxes_most_of_which_lie_outside_their_fields_are_refused():
    words = r"of the 18 boxes in a\.json lie outside .* 1\.\d+ times .*annotations\.pixel_scale"
    with pytest.raises(StudyError, match=words):
        check(2.0)


@pytest.mark.parametrize("scale", [0.5, 0.1])
def test_boxes_that_all_lie_in_the_upper_left_corner_are_warned_of(scale):
    [warning] = check(scale)
    assert "All 18 boxes in a.json" in warning
    assert "(in number 6)" in warning
    assert "annotations.pixel_scale" in warning


@pytest.mark.parametrize(("n_fields", "per_field"), [(2, 20), (6, 1)])
def test_few_boxes_or_fields_may_lie_there_by_chance(n_fields, per_field):
    assert check(0.5, n_fields, per_field) == []


@pytest.mark.parametrize(("n_boxes", "warns"), [(3, True), (2, False)])
def test_three_boxes_in_percent_of_one_large_field_are_warned_of(n_boxes, warns):
    edges = np.tile([60.0, 70.0, 90.0, 95.0], (n_boxes, 1))
    sizes, names = np.full((n_boxes, 2), 2000.0), np.full(n_boxes, "f", object)
    placement.check(edges, sizes, names, np.full(n_boxes, "a.json", object))
    assert bool(notices.given()) == warns


def test_a_sound_file_does_not_hide_another_one():
    sizes = np.full((12, 2), 100.0)
    edges = np.tile([10.0, 10.0, 30.0, 30.0], (12, 1))
    edges[10:] += 100
    fields = np.array([f"f{n}" for n in range(12)], object)
    files = np.array(["a.json"] * 10 + ["b.json"] * 2, object)
    with pytest.raises(StudyError, match=r"2 of the 2 boxes in b\.json"):
        placement.check(edges, sizes, fields, files)


def test_boxes_of_fields_that_could_not_be_read_are_passed_over():
    edges, sizes = np.array([[500.0, 0, 510, 10]]), np.full((1, 2), np.nan)
    placement.check(edges, sizes, np.array(["f"], object), np.array(["a.json"], object))
    assert notices.given() == []
