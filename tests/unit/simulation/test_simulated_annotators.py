"""Simulated annotators err as often as configured, and the truth does not change."""

import json

import numpy as np
import pandas as pd
import pytest
from test_simulation import CLASSES, SETTINGS, sheet

from cellpheno.core import boxes as geometry
from cellpheno.labels import from_annotations
from cellpheno.simulation.annotators import Annotator, annotate
from cellpheno.simulation.study import simulate_study
from cellpheno.tables.columns import BOX_COLUMNS

HEIGHT, WIDTH = 400, 500


@pytest.fixture(scope="module")
def truth():
    """A hundred fields of fifty cells that do not overlap."""
    random = np.random.default_rng(0)
    place = np.tile(np.arange(50), 100)
    low = np.column_stack([50.0 * (place % 10) + 4, 80.0 * (place // 10) + 4])
    frame = pd.DataFrame(np.hstack([low, low + 40]), columns=BOX_COLUMNS)
    frame.insert(0, "field", np.repeat([f"f{n}" for n in range(100)], 50))
    return frame.assign(label=random.choice(np.array(CLASSES, dtype=object), len(frame)))


def draws(truth, seed=0, name="a", **errors):
    return annotate(truth, Annotator(name, **errors), CLASSES, HEIGHT, WIDTH, seed)


def meant(drawn, truth):
    return from_annotations.from_annotations(drawn, np.zeros(len(drawn)), truth)


def test_an_annotator_without_errors_draws_the_truth(truth):
    pd.testing.assert_frame_equal(draws(truth), truth, check_dtype=False)


def test_wrong_classes_are_as_many_as_configured_and_spread_over_all_other_classes(truth):
    drawn = draws(truth, wrong_class=0.1)
    wrong = (drawn["label"] != truth["label"]).to_numpy()
    assert wrong.mean() == pytest.approx(0.1, abs=0.015)
    assert (drawn[BOX_COLUMNS] == truth[BOX_COLUMNS]).all(axis=None)
    pairs = set(zip(truth["label"][wrong], drawn["label"][wrong], strict=True))
    assert len(pairs) == len(CLASSES) * (len(CLASSES) - 1)


def test_missed_cells_and_false_boxes_are_as_many_as_configured(truth):
    drawn = draws(truth, miss=0.05, false_boxes=0.02)
    true = meant(drawn, truth).notna()
    assert true.sum() / len(truth) == pytest.approx(0.95, abs=0.015)
    # a false box may fall on a cell by chance
    assert (~true).sum() / len(truth) == pytest.approx(0.02, abs=0.01)


def test_nobody_draws_what_only_the_truth_contains(truth):
    drawn = draws(truth.assign(origin="debris"), miss=0.1, false_boxes=0.2)
    pd.testing.assert_frame_equal(drawn, draws(truth, miss=0.1, false_boxes=0.2))


def test_edges_lie_off_as_far_as_configured(truth):
    off = draws(truth, shift_px=1.5)[BOX_COLUMNS] - truth[BOX_COLUMNS]
    assert off.to_numpy().std() == pytest.approx(1.5, abs=0.1)


def test_boxes_stay_in_the_field_and_keep_an_area(truth):
    edges = draws(truth, shift_px=15.0, false_boxes=0.2)[BOX_COLUMNS].to_numpy()
    assert (geometry.clip(edges, WIDTH, HEIGHT) == edges).all()
    assert (geometry.area(edges) > 0).all()


def test_two_annotators_err_independently_and_each_the_same_way_again(truth):
    first, second = (draws(truth, name=name, wrong_class=0.2)["label"] for name in "ab")
    both = (first != truth["label"]) & (second != truth["label"])
    assert both.mean() == pytest.approx(0.04, abs=0.015)
    pd.testing.assert_series_equal(first, draws(truth, wrong_class=0.2)["label"])


def test_what_is_drawn_in_a_field_does_not_depend_on_other_fields(truth):
    errors = {"miss": 0.1, "wrong_class": 0.1, "shift_px": 2.0, "false_boxes": 0.1}
    alone = draws(truth[truth["field"] == "f7"], **errors)
    among = draws(truth, **errors)
    among = among[among["field"] == "f7"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)


def regions(path):
    images = json.loads(path.read_text())["_via_img_metadata"].values()
    return [region["region_attributes"]["class"] for image in images for region in image["regions"]]


def test_label_errors_stand_in_the_project_file_and_not_in_the_truth(tmp_path):
    perfect = simulate_study(sheet(tmp_path), SETTINGS, CLASSES, 0, [tmp_path / "a.json"])
    settings = {**SETTINGS, "label_errors": 0.5}
    truth = simulate_study(sheet(tmp_path), settings, CLASSES, 0, [tmp_path / "b.json"])
    pd.testing.assert_frame_equal(truth, perfect)
    right, wrong = regions(tmp_path / "a.json"), regions(tmp_path / "b.json")
    assert len(right) == len(wrong)
    assert 0.2 < np.mean(np.array(right) != np.array(wrong)) < 0.8


def test_every_annotator_has_a_project_file_of_the_annotated_fields(tmp_path):
    settings = {**SETTINGS, "annotators": [{"name": "student", "miss": 1.0}]}
    student = tmp_path / "student.json"
    simulate_study(sheet(tmp_path), settings, CLASSES, 0, [tmp_path / "a.json", student])
    images = json.loads(student.read_text())["_via_img_metadata"].values()
    assert sorted(image["filename"] for image in images) == ["annotated-1.png", "annotated-2.png"]
    assert regions(student) == []
    assert regions(tmp_path / "a.json")
