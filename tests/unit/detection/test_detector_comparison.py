"""Several detectors on the same fields: each is measured alone, and all are timed alike."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from cellpheno.detection import comparison, evaluation, inference
from cellpheno.study.inputs import COLOURS
from cellpheno.tables import storage
from cellpheno.tables.cells import COMPARED_DETECTIONS, DETECTOR_SPEED
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import COMPARED

CPU = torch.device("cpu")
SETTINGS = inference.Settings(scale=1.0, min_score=0.1, nms_iou=0.5, max_detections=100)
FIELDS = [(name, np.zeros((100, 120, 3), np.uint8)) for name in ("a", "b")]
BOXES = pd.DataFrame(
    [(name, x, 10.0, x + 20, 30.0, "cell", "e") for name in ("a", "b") for x in (10.0, 60.0)],
    columns=["field", *BOX_COLUMNS, "label", "annotator"],
)
SPLITS = pd.DataFrame({"field": ["a", "b"], "group": ["1", "2"], "split": ["val", "test"]})


class Finds:
    """A detector that finds given boxes in every field, and counts how often it is asked."""

    network = nn.Identity()
    channels = COLOURS

    def __init__(self, *boxes):
        self.boxes, self.asked = boxes, 0

    def detect(self, image, limits):
        self.asked += 1
        self.shown = image[:, 0, 0].tolist()
        return torch.tensor(self.boxes).reshape(-1, 4), torch.full((len(self.boxes),), 0.9)


def compared(**detectors):
    chosen = {name: (detector, SETTINGS) for name, detector in detectors.items()}
    return comparison.detect_with_each(chosen, FIELDS, COLOURS, CPU)


def test_each_detector_sees_each_field_and_the_first_call_is_not_timed():
    one, other = Finds((10.0, 10, 30, 30)), Finds()
    found, speed = compared(one=one, other=other)
    assert one.asked == other.asked == 3
    assert found["detector"].tolist() == ["one", "one"]
    assert speed[["detector", "field"]].to_numpy().tolist() == [
        ["one", "a"],
        ["other", "a"],
        ["one", "b"],
        ["other", "b"],
    ]
    assert (speed["milliseconds"] > 0).all()
    assert set(zip(speed["height"], speed["width"], strict=True)) == {(100, 120)}


def test_each_detector_is_measured_by_its_own_detections():
    found, _ = compared(
        half=Finds((10.0, 10, 30, 30)),
        none=Finds(),
        every=Finds((10.0, 10, 30, 30), (60.0, 10, 80, 30), (90.0, 60, 110, 80)),
    )
    lowest = {"half": 0.1, "none": 0.1, "every": 0.1}
    metrics = evaluation.evaluate_each(
        found, BOXES, SPLITS, lowest, {name: ["cell"] for name in lowest}, seed=0
    )
    test = metrics[metrics["split"] == "test"].set_index(["metric", "detector"])["value"]
    assert test["recall@0.5"].to_dict() == {"half": 0.5, "none": 0.0, "every": 1.0}
    assert test["precision@0.5", "every"] == 2 / 3
    assert test["f1@0.1", "half"] == 2 / 3


def test_without_fields_there_are_empty_tables(tmp_path):
    found, speed = comparison.detect_with_each({"one": (Finds(), SETTINGS)}, [], COLOURS, CPU)
    storage.write(found, tmp_path / "found.parquet", COMPARED_DETECTIONS)
    storage.write(speed, tmp_path / "speed.tsv", DETECTOR_SPEED)


def test_each_detector_sees_its_own_channels():
    one, other = Finds(), Finds()
    one.channels, other.channels = ["dapi"], ["actin", "dapi", "actin", "actin"]
    field = np.zeros((20, 20, 2), np.uint8)
    field[..., 0], field[..., 1] = 51, 255
    chosen = {"one": (one, SETTINGS), "other": (other, SETTINGS)}
    comparison.detect_with_each(chosen, [("a", field)], ["actin", "dapi"], CPU)
    assert one.shown == [1.0]
    assert other.shown == pytest.approx([0.2, 1, 0.2, 0.2])


def test_each_detector_is_measured_by_the_classes_that_it_is_to_find():
    found, _ = compared(
        some=Finds((10.0, 10, 30, 30)), every=Finds((10.0, 10, 30, 30), (60.0, 10, 80, 30))
    )
    boxes = BOXES.assign(label=np.where(BOXES["x_min"] == 10, "cancer", "normal"))
    classes = {"some": ["cancer"], "every": ["cancer", "normal"]}
    lowest = dict.fromkeys(classes, 0.1)
    metrics = evaluation.evaluate_each(found, boxes, SPLITS, lowest, classes, seed=0)
    test = metrics[metrics["split"] == "test"].set_index(["metric", "detector"])["value"]
    for name in classes:
        assert test["recall@0.5", name] == test["precision@0.5", name] == 1.0


def test_detectors_of_the_same_classes_are_compared_in_pairs(tmp_path):
    hit, other, stray = (10.0, 10, 30, 30), (60.0, 10, 80, 30), (90.0, 60, 110, 80)
    detectors = {"half": Finds(hit), "every": Finds(hit, other, stray), "cancer": Finds(hit)}
    found, _ = compared(**detectors)
    classes = {"half": ["cell"], "every": ["cell"], "cancer": ["cancer"]}
    lowest = dict.fromkeys(classes, 0.1)
    metrics = evaluation.evaluate_each(found, BOXES, SPLITS, lowest, classes, seed=0)
    table = evaluation.compare(found, BOXES, SPLITS, metrics, classes, 0.02)
    storage.write(table, tmp_path / "compared.tsv", COMPARED)
    assert set(table["first"]) == {"half"}
    assert set(table["second"]) == {"every"}
    difference = table.set_index("metric")["difference"]
    assert difference["recall@0.5 at score_threshold"] == 0.5
    assert difference["precision@0.5 at score_threshold"] == pytest.approx(2 / 3 - 1)
    assert table["note"].str.contains("rests on 1 group").all()
