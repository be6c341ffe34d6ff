"""The published protocols at full scale: planned as a whole, and started for two steps."""

import copy
import csv
import importlib.util
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
import yaml
from conftest import ROOT, Study

from cellpheno.tables import storage
from cellpheno.tables.metrics import DETECTION_METRICS, HISTORY

AIM_CICS = yaml.safe_load((ROOT / "config/aim_cics.yaml").read_text())
TEMPLATE = list(csv.DictReader((ROOT / "config/aim_cics_fields.tsv").open(), delimiter="\t"))


SIDES = (270, 320)
"""Height and width of a field in px: half of a published tile (A13), so that it takes minutes."""
CELL = 30
"""Side of a cell in px."""
CORNERS = [(10 + 44 * n, 30 + 120 * row) for row in (0, 1) for n in range(len(AIM_CICS["classes"]))]
"""Of two cells of every class, x and y in px."""
HAS_DETECTRON2 = importlib.util.find_spec("detectron2") is not None


@pytest.fixture
def aim_cics(tmp_path):
    """The template of a sample sheet, and stand-ins for all files that it and the config name."""
    config = copy.deepcopy(AIM_CICS) | {"fields": "fields.tsv", "data_root": "."}
    study = Study(tmp_path, config).write()
    study.write_fields(TEMPLATE)
    (tmp_path / "images").mkdir()
    for row in TEMPLATE:
        for channel in AIM_CICS["channels"]:
            (tmp_path / row[channel]).write_bytes(b"not read by a dry run")
    regions = [
        {
            "shape_attributes": {"name": "rect", "x": x, "y": y, "width": CELL, "height": CELL},
            "region_attributes": {"class": name},
        }
        for (x, y), name in zip(CORNERS, AIM_CICS["classes"] * 2, strict=True)
    ]
    drawn = [row["membrane"] for row in TEMPLATE if row["split"] != "predict"]
    images = {path: {"filename": Path(path).name, "size": -1, "regions": regions} for path in drawn}
    (tmp_path / "annotations").mkdir()
    (tmp_path / AIM_CICS["annotations"]["files"][0]).write_text(json.dumps(images))
    weights = tmp_path / AIM_CICS["detection"]["model"]["weights"]
    weights.parent.mkdir(parents=True)
    weights.write_bytes(pickle.dumps({"model": {}}))
    return study


def test_without_detectron2_one_sentence_says_what_to_do(aim_cics):
    if HAS_DETECTRON2:
        pytest.skip("detectron2 is installed")
    output = aim_cics.snakemake("--dry-run", check=False).stdout
    [sentence] = [line for line in output.splitlines() if line.startswith("cellpheno:")]
    assert "backend is detectron2, which is not installed here; run with --sdm conda" in sentence
    assert "docs/environments.md" in sentence
    assert "set backend to torchvision, weights to null" in sentence


def test_weights_that_can_be_fetched_are_told_so(aim_cics):
    (aim_cics.folder / AIM_CICS["detection"]["model"]["weights"]).unlink()
    output = aim_cics.snakemake("--dry-run", check=False).stdout
    assert "which does not exist; correct it or download it by `snakemake fetch`." in output
    assert aim_cics.planned("fetch") == {"fetch": 1}


def test_aim_cics_is_planned_with_its_template_of_a_sample_sheet(aim_cics, monkeypatch):
    # a dry run only looks whether it is there
    (aim_cics.folder / "stand-in/detectron2").mkdir(parents=True)
    (aim_cics.folder / "stand-in/detectron2/__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(aim_cics.folder / "stand-in"))
    planned = aim_cics.planned()
    # the detector at its native scale is the published one, seen at another scale
    assert planned["train_detector"] == len(AIM_CICS["detectors"]) - 1
    assert planned["train_classifier"] == len(AIM_CICS["experiments"])
    assert planned["compare_detectors"] == 2  # a job for each library
    assert planned["check_weights"] == 1  # that of detectron2
    assert planned["report"] == 1


def write_pictures(study):
    """Write three planes of every field: bright cells on noise."""
    random = np.random.default_rng(0)
    for row in TEMPLATE:
        for channel in AIM_CICS["channels"]:
            picture = random.normal(900, 40, SIDES)
            for x, y in CORNERS:
                picture[y : y + CELL, x : x + CELL] += random.uniform(400, 1500)
            tifffile.imwrite(study.folder / row[channel], picture.astype(np.uint16))


@pytest.mark.slow
def test_every_published_training_takes_two_steps(aim_cics):
    """The published networks on small fields of one tile; detectron2's where it is installed.

    It starts from random weights in the shape of the published ones, and finds the cells of the
    held-out fields at both published scales.
    """
    write_pictures(aim_cics)
    config = aim_cics.config
    config["tiles"] |= {"rows": 1, "columns": 1}
    if HAS_DETECTRON2:
        from coco_model import coco_model, write_as_the_model_zoo_does

        weights = aim_cics.folder / config["detection"]["model"]["weights"]
        write_as_the_model_zoo_does(coco_model(), weights)
    else:
        config["detection"]["model"] |= {"backend": "torchvision", "weights": None}
    config["detection"]["training"] |= {"steps": 2, "batch_size": 2}
    config["classification"]["crops"]["source"] = "annotations"
    config["classification"]["training"] |= {"epochs": 1, "batch_size": 14}
    config["compute"]["threads"] = 2
    models = [f"classifier/{name}/seed0/model.pt" for name in config["experiments"]]
    wanted = ["metrics/detectors.tsv", *models]
    aim_cics.write().snakemake(*(f"results/aim_cics/{name}" for name in wanted))
    detector = aim_cics.results / "detector/faster_rcnn"
    saved = torch.load(detector / "model.pt", weights_only=True)["model"]
    assert saved["backend"] == ("detectron2" if HAS_DETECTRON2 else "torchvision")
    history = storage.read(detector / "history.tsv", HISTORY)
    assert history["step"].max() == 2
    metrics = storage.read(aim_cics.results / "metrics/detectors.tsv", DETECTION_METRICS)
    assert set(metrics["detector"]) == set(config["detectors"])
    assert all((aim_cics.results / name).stat().st_size > 5e6 for name in models)
