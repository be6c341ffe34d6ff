"""JIMT-1's configs are planned: the simulated example, and worms that stand in for cells."""

import os
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study


def planned(folder, name, **changes):
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) | changes
    config["fields"] = str(ROOT / config["fields"])
    return Study(folder, config).write().planned()


def test_the_example_is_planned_without_a_detector(tmp_path):
    plan = planned(tmp_path, "jimt1_example")
    assert not {"cut_tiles", "train_detector", "detect_cells"} & set(plan)
    assert plan["train_classifier"] == 3
    for rule in (
        "check_maps",
        "draw_patch_examples",
        "estimate_viability",
        "evaluate_two_classes",
        "label_by_fluorescence",
        "learn_patch_filter",
        "report",
        "simulate_study",
    ):
        assert plan[rule] == 1, rule


@pytest.mark.real_data
def test_worms_are_planned(tmp_path):
    data = Path(os.environ.get("CELLPHENO_REAL_DATA", "/nowhere"))
    if not (data / "bbbc010").is_dir():
        pytest.skip("BBBC010 is not at hand")
    (tmp_path / "data").symlink_to(data)
    plan = planned(tmp_path, "bbbc010")
    assert plan["train_classifier"] == 3
    assert plan["label_by_fluorescence"] == 1
    assert "estimate_viability" not in plan
