"""Called cells against annotated ones, compared with pycocotools and with known answers."""

import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from cellpheno.detection import by_class
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import CALL_METRICS

CLASSES = ["round", "long"]
FIELDS = [f"f{n}" for n in range(6)]
SPLITS = pd.DataFrame({"field": FIELDS, "group": FIELDS, "split": "test"})


def boxes_of(corners, sides):
    return dict(zip(BOX_COLUMNS, (*corners.T, *(corners + sides).T), strict=True))


@pytest.fixture
def annotated():
    random = np.random.default_rng(0)
    corners, sides = random.uniform(0, 400, (60, 2)), random.uniform(20, 60, (60, 2))
    kinds = {"field": random.choice(FIELDS, 60), "label": random.choice(CLASSES, 60, p=[0.7, 0.3])}
    return pd.DataFrame({**kinds, **boxes_of(corners, sides)})


@pytest.fixture
def cells(annotated):
    """Called cells: most annotated ones a little shifted, some called wrongly, some made up."""
    random = np.random.default_rng(1)
    found = annotated.sample(50, random_state=2).reset_index(drop=True)
    corners = found[["x_min", "y_min"]].to_numpy() + random.normal(0, 4, (50, 2))
    sides = (found[["x_max", "y_max"]].to_numpy() - found[["x_min", "y_min"]].to_numpy()) * 1.05
    call = np.where(random.random(50) < 0.8, found["label"], "long")
    hits = pd.DataFrame({"field": found["field"], "call": call, **boxes_of(corners, sides)})
    corners, sides = random.uniform(0, 400, (20, 2)), random.uniform(20, 60, (20, 2))
    kinds = {"field": random.choice(FIELDS, 20), "call": random.choice(CLASSES, 20)}
    every = pd.concat([hits, pd.DataFrame({**kinds, **boxes_of(corners, sides)})])
    return every.assign(score=random.permutation(70) / 70).reset_index(drop=True)


def of(table, name, metric):
    return table.set_index(["class", "metric"]).loc[(name, metric), "value"]


def pycocotools_precision(annotated, cells):
    """Return mean average precision [overlaps, classes] of pycocotools."""

    def entries(table, column):
        return [
            {
                "id": row + 1,
                "image_id": FIELDS.index(one.field) + 1,
                "category_id": CLASSES.index(getattr(one, column)) + 1,
                "bbox": [one.x_min, one.y_min, one.x_max - one.x_min, one.y_max - one.y_min],
                "area": (one.x_max - one.x_min) * (one.y_max - one.y_min),
                "iscrowd": 0,
                "score": getattr(one, "score", 1.0),
            }
            for row, one in enumerate(table.itertuples())
        ]

    truth = COCO()
    truth.dataset = {
        "images": [{"id": row + 1} for row in range(len(FIELDS))],
        "categories": [{"id": row + 1, "name": name} for row, name in enumerate(CLASSES)],
        "annotations": entries(annotated, "label"),
    }
    truth.createIndex()
    judged = COCOeval(truth, truth.loadRes(entries(cells, "call")), "bbox")
    judged.params.maxDets = [1000]
    judged.evaluate()
    judged.accumulate()
    return judged.eval["precision"][:, :, :, 0, 0].mean(axis=1)


def test_average_precision_by_class_and_its_mean_are_those_of_pycocotools(annotated, cells):
    expected = pycocotools_precision(annotated, cells)
    found = by_class.evaluate(cells, annotated, SPLITS, CLASSES)
    assert 0.2 < expected[0].min() < expected[0].max() < 0.95
    for column, name in enumerate(CLASSES):
        assert of(found, name, "ap@0.5") == pytest.approx(expected[0, column], abs=1e-6)
        assert of(found, name, "ap@0.5:0.95") == pytest.approx(expected[:, column].mean(), abs=1e-6)
    assert of(found, "all", "map@0.5") == pytest.approx(expected[0].mean(), abs=1e-6)
    assert of(found, "all", "map@0.5:0.95") == pytest.approx(expected.mean(), abs=1e-6)


def test_cells_per_field_are_compared_with_the_truth(annotated, cells):
    found = by_class.evaluate(cells, annotated, SPLITS, CLASSES)
    called = cells.groupby("field").size().reindex(FIELDS).fillna(0)
    truth = annotated.groupby("field").size().reindex(FIELDS).fillna(0)
    assert of(found, "all", "cells_per_field_bias") == pytest.approx((called - truth).mean())
    assert of(found, "all", "cells_per_field_error") == pytest.approx((called - truth).abs().mean())
    expected = np.corrcoef(called, truth)[0, 1]
    assert of(found, "all", "cells_per_field_correlation") == pytest.approx(expected)


def test_a_class_that_nobody_annotated_has_no_average_precision_and_no_part_in_the_mean(
    annotated, cells
):
    found = by_class.evaluate(cells, annotated, SPLITS, [*CLASSES, "rare"])
    without = by_class.evaluate(cells, annotated, SPLITS, CLASSES)
    assert np.isnan(of(found, "rare", "ap@0.5"))
    assert of(found, "all", "map@0.5") == of(without, "all", "map@0.5")


def test_without_called_cells_the_average_precision_is_zero(annotated, cells, tmp_path):
    found = by_class.evaluate(cells[:0], annotated, SPLITS, CLASSES)
    assert of(found, "all", "map@0.5") == 0
    assert of(found, "all", "cells_per_field_bias") == -10
    storage.write(found, tmp_path / "calls.tsv", CALL_METRICS)


def test_intervals_are_over_groups_and_hold_the_value(annotated, cells):
    found = by_class.evaluate(cells, annotated, SPLITS, CLASSES)
    assert (found["ci_low"] < found["value"]).all()
    assert (found["value"] < found["ci_high"]).all()
    assert (found["n_clusters"] == len(FIELDS)).all()
    few = SPLITS.assign(group=["slide 1", "slide 2"] * 3)
    found = by_class.evaluate(cells, annotated, few, CLASSES)
    assert found["ci_low"].isna().all()
    assert found["note"].str.contains("rests on 2 groups").all()
