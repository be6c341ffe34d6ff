"""The published protocols at full scale: planned as a whole, and started for two steps."""

import copy
import csv
import importlib.util
import json

import pytest
import yaml
from conftest import ROOT, Study

AIM_CICS = yaml.safe_load((ROOT / "config/aim_cics.yaml").read_text())
TEMPLATE = list(csv.DictReader((ROOT / "config/aim_cics_fields.tsv").open(), delimiter="\t"))


@pytest.fixture
def aim_cics(tmp_path):
    """The template of a sample sheet, and stand-ins for all files that it and the config name."""
    study = Study(tmp_path, {**AIM_CICS, "fields": "fields.tsv", "data_root": "."}).write()
    study.write_fields(TEMPLATE)
    (tmp_path / "images").mkdir()
    for row in TEMPLATE:
        for channel in AIM_CICS["channels"]:
            (tmp_path / row[channel]).write_bytes(b"not read by a dry run")
    regions = [
        {
            "shape_attributes": {"name": "rect", "x": 9, "y": 9, "width": 50, "height": 50},
            "region_attributes": {"class": name},
        }
        for name in AIM_CICS["classes"]
    ]
    image = {"filename": "MCF7-train-01_membrane.tif", "size": -1, "regions": regions}
    (tmp_path / "annotations").mkdir()
    (tmp_path / AIM_CICS["annotations"]["files"][0]).write_text(json.dumps({"1": image}))
    weights = tmp_path / AIM_CICS["detection"]["model"]["weights"]
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"not read by a dry run")
    return study


def test_without_detectron2_one_sentence_says_what_to_do(aim_cics):
    if importlib.util.find_spec("detectron2"):
        pytest.skip("detectron2 is installed")
    output = aim_cics.snakemake("--dry-run", check=False).stdout
    [sentence] = [line for line in output.splitlines() if line.startswith("cellpheno:")]
    assert "backend is detectron2, which is not installed here; run with --sdm conda" in sentence
    assert "docs/environments.md" in sentence
    assert "set backend to torchvision, weights to null" in sentence


def test_weights_that_can_be_fetched_are_told_so(aim_cics):
    (aim_cics.folder / AIM_CICS["detection"]["model"]["weights"]).unlink()
    output = aim_cics.snakemake("--dry-run", check=False).stdout
    assert "which is not there; correct it or download it by `snakemake fetch`." in output
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
    assert planned["report"] == 1


@pytest.mark.slow
def test_the_published_networks_take_two_steps(tmp_path, small_config, small_rows):
    """Full-scale networks, tiles and crops on simulated fields; only the steps are few."""
    config = copy.deepcopy(AIM_CICS)
    config |= {key: small_config[key] for key in ("study", "fields", "data_root", "annotations")}
    config["simulation"] = small_config["simulation"] | {"height": 1080, "width": 1280}
    config["tiles"] |= {"rows": 2, "columns": 2}
    config["detection"]["model"] |= {"backend": "torchvision", "weights": None}
    config["detection"]["training"] |= {"steps": 2, "batch_size": 2, "warmup": 1}
    config["classification"]["crops"]["source"] = "annotations"
    config["classification"]["training"] |= {"epochs": 1, "batch_size": 16}
    config["classification"]["training"]["validation"] = "fields"
    config["compute"]["threads"] = 2
    config["statistics"]["tests"] = small_config.get("statistics", {}).get("tests") or [
        {"test": "student", "unit": "field", "correction": "none"}
    ]
    config["statistics"]["control"] = None
    study = Study(tmp_path, config)
    study.write_fields(small_rows)
    study.write()
    models = [f"detector/{name}/model.pt" for name in ("faster_rcnn", "fcos", "retinanet")]
    models.append("classifier/resnet101/seed0/model.pt")
    study.snakemake(*(f"results/small/{name}" for name in models))
    assert all((study.results / name).stat().st_size > 100e6 for name in models)
