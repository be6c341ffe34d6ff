"""The plan is made before any training, and a value that is set by hand reruns what follows."""

import pytest

TARGET = ["results/small/tiles/composite", "results/small/plan/plan.yaml"]


@pytest.fixture
def study(small_study):
    small_study.config["tiles"] = {"rows": "auto", "columns": "auto", "min_visible": 0.5}
    small_study.config["detection"]["inference"].update(nms_iou="auto", max_detections="auto")
    return small_study.write()


def test_a_study_without_auto_has_no_plan(small_study):
    assert "take_fingerprint" not in small_study.planned()


def test_the_plan_comes_first_and_is_printed(study):
    planned = study.planned()
    assert (planned["take_fingerprint"], planned["write_plan"]) == (1, 1)
    said = study.snakemake("plan").stdout
    assert "nms_iou: 0." in said
    assert "# set in the config" in said
    assert "min of training on this machine" in said
    # what was made of the plan is recorded with the values it had
    study.snakemake(*TARGET)
    assert study.planned(*TARGET) == {}
    study.config["tiles"]["rows"] = 2
    assert study.write().planned(*TARGET) == {"cut_tiles": 1, "write_plan": 1}
    study.config["detection"]["inference"]["nms_iou"] = 0.4
    study.config["tiles"]["rows"] = "auto"
    assert study.write().planned(*TARGET) == {"write_plan": 1}


def test_other_fields_lead_to_another_plan_once(study):
    study.snakemake(*TARGET)
    study.config["simulation"].update(height=400, width=900)
    study.write().snakemake(*TARGET)
    assert "columns: 2" in (study.results / "plan/plan.yaml").read_text()
    assert len(list((study.results / "tiles/composite/images").glob("*_1.png"))) > 0
    assert study.planned(*TARGET) == {}
