"""A study of one class from raw files to the report: cells are counted, and nothing is classified.

The cells of the tiny study are merged into one class. The workflow runs once; each test looks at
one of its claims.
"""

import json
import re
import zipfile

import pandas as pd
import pytest
from conftest import Study
from mini_study import MiniStudy

from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import CELLS, DETECTIONS
from cellpheno.tables.metrics import CALL_METRICS
from cellpheno.tables.statistics import FREQUENCIES, TESTS

CHANGES = {"classes": ["cell"], "negative_class": "cell", "label_errors": {}}
ANNOTATIONS = {"format": "via", "files": ["via.json"], "rename": {"small": "cell", "big": "cell"}}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("one_class")
    study = MiniStudy(folder, **CHANGES, annotations=ANNOTATIONS)
    study.config["evaluation"] = {"by": ["condition"]}
    study.config["export"] = {"count_clicks": True}
    study.write().snakemake("all", "export", "field_outputs")
    return study


def test_no_classifier_is_trained_and_nothing_is_made_of_one(study):
    made = {str(path.relative_to(study.results)) for path in study.results.rglob("*")}
    assert {"detector/main/model.pt", "cells.parquet", "run.json"} <= made
    for name in ("classifier", "crops", "predictions", "embedding", "grad_cam", "label_errors"):
        assert name not in made
    figures = {path.stem for path in (study.results / "figures").glob("*.png")}
    assert not figures & {"roc", "confusion", "thresholds", "class_shares", "frequencies_stacked"}
    assert {"frequencies", "effects", "cells_per_field", "call_agreement", "subsets"} <= figures


def test_every_detection_above_the_cut_off_is_a_cell(study):
    paths = list((study.results / "detections").glob("*.parquet"))
    found = pd.concat([storage.read(path, DETECTIONS) for path in paths])
    cells = storage.read(study.results / "cells.parquet", CELLS)
    above = found[found["score"] > study.config["calls"]["min_score"]]
    assert len(cells) == len(above) > 0
    assert set(cells["call"]) == {"cell"}
    for column in ("cls_score", "score", "p_cell"):
        assert cells[column].equals(cells["det_score"].rename(column))


def test_conditions_are_compared_by_cells_per_field(study):
    counted = storage.read(study.results / "statistics/frequencies.tsv", FREQUENCIES)
    tests = storage.read(study.results / "statistics/tests.tsv", TESTS)
    means = counted.groupby("condition")["n_cells"].mean()
    assert set(tests["test"]) == {"welch", "student"}
    for row in tests.itertuples():
        assert row.mean_condition == pytest.approx(means["drug"])
        assert row.estimate == pytest.approx(means["drug"] - means["untreated"])


def test_counts_are_held_against_annotated_ones(study):
    metrics = storage.read(study.results / "metrics/calls.tsv", CALL_METRICS)
    boxes = storage.read(study.results / "annotations/boxes.parquet", BOXES)
    assert set(boxes["label"]) == {"cell"}
    test = metrics[(metrics["split"] == "test") & (metrics["class"] == "cell")]
    assert "cells_per_field_bias" in set(test["metric"])
    assert (test["n"] == (boxes["field"] == "ann0").sum()).all()


def test_the_report_says_nothing_of_a_classifier_or_of_shares(study):
    with zipfile.ZipFile(study.results / "report.zip") as report:
        page = report.read("report/report.html").decode()
    texts = re.findall(r'(?:"caption": |workflow_desc = )("(?:[^"\\]|\\.)*")', page)
    text = "\n".join(json.loads(found) for found in texts)
    assert "numbers of cells per field are compared" in text
    assert len(texts) > 10
    for word in ("classifier", "share of cells", "each class", "Cohen"):
        assert word not in text


def test_pictures_of_fields_and_an_export_are_made(study):
    (mask,) = (study.results / "field_outputs").rglob("untreated-r2-f0/mask.png")
    assert mask.stat().st_size > 0
    assert list((study.results / "export").rglob("*.json"))


def test_a_second_call_has_nothing_to_do(study):
    assert study.planned() == {}
