"""JIMT-1's configs are planned: the simulated example, and worms that stand in for cells."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
import torchvision
import yaml
from conftest import ROOT, Study

from cellpheno.tables import storage
from cellpheno.tables.cells import CLASSIFIERS


def planned(folder, name, **changes):
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) | changes
    config["fields"] = str(ROOT / config["fields"])
    return Study(folder, config).write().planned()


def test_the_example_is_planned_without_a_detector(tmp_path):
    plan = planned(tmp_path, "jimt1_example")
    assert not {"cut_tiles", "train_detector", "detect_cells"} & set(plan)
    assert plan["train_classifier"] == 5
    for rule in (
        "check_maps",
        "draw_patch_examples",
        "estimate_viability",
        "evaluate_two_classes",
        "label_by_fluorescence",
        "learn_patch_filter",
        "plot_across_data_sets",
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


@pytest.fixture
def imitation(tmp_path):
    """The files as config/jimt1.yaml takes them to be, and the sample sheet that it makes."""
    data = tmp_path / "data/jimt1"
    for treatment in ("NoTreatment", "DoxoPaclitaxel"):
        for channel in ("Brightfield", "PI"):
            for number in range(10):
                path = data / treatment / channel / f"{number:04}.tif"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"not read by a dry run")
    (data / "weights").mkdir()
    for name in ("inception_v3", "resnet18", "squeezenet1_1"):
        torch.save({}, data / f"weights/{name}.pth")
    (tmp_path / "config").mkdir()
    text = (ROOT / "config/jimt1.yaml").read_text()
    shown = re.search(r"python (workflow/scripts/make_sample_sheet.py(?:.*\\\n)+.*)\n", text)[1]
    command = shown.replace("\\\n#", "\\\n").replace("workflow/", f"{ROOT}/workflow/")
    subprocess.run(["bash", "-c", f"{sys.executable} {command}"], cwd=tmp_path, check=True)
    return Study(tmp_path, yaml.safe_load(text)).write()


def test_the_published_protocol_is_planned_for_three_architectures(imitation):
    sheet = pd.read_csv(imitation.folder / "config/jimt1_fields.tsv", sep="\t", dtype=str)
    counts = sheet["condition"].value_counts().to_dict()
    assert counts == {"no treatment": 10, "doxorubicin + paclitaxel": 10}
    row = sheet.set_index("field").loc["NoTreatment-0003"]
    assert row["brightfield"] == "NoTreatment/Brightfield/0003.tif"
    assert row["propidium_iodide"] == "NoTreatment/PI/0003.tif"
    missing = imitation.snakemake("--dry-run", check=False)
    assert "patch_filter.examples" in missing.stdout
    (imitation.folder / "data/jimt1/patch_examples.csv").write_text("image,x_min\n")
    plan = imitation.planned()
    assert plan["train_classifier"] == len(imitation.config["experiments"])
    assert plan["learn_patch_filter"] == plan["plot_two_classes"] == plan["report"] == 1
    assert "train_detector" not in plan
    assert imitation.planned("fetch") == {"fetch": 1}
    del imitation.config["experiments"]
    checked = "results/jimt1/weights/torchvision.tsv"
    assert "weights/resnet18.pth" in imitation.write().snakemake("--dry-run", checked).stdout


@pytest.mark.slow
def test_every_published_training_takes_two_steps(imitation):
    """Networks, patches and labels at full scale on noise whose stain is dim or bright."""
    data, random = imitation.folder / "data/jimt1", np.random.default_rng(0)
    for path in sorted(data.glob("*/*/*.tif")):
        stain = 200 if int(path.stem) % 2 else 600
        mean = stain if path.parent.name == "PI" else 9000
        counts = random.normal(mean, 20, (336, 448))  # six patches
        tifffile.imwrite(path, counts.astype(np.uint16))
    for name in ("inception_v3", "resnet18", "squeezenet1_1"):
        given = {"init_weights": True} if name == "inception_v3" else {}
        network = torchvision.models.get_model(name, weights=None, **given)
        torch.save(network.state_dict(), data / f"weights/{name}.pth")
    config = imitation.config
    config["classification"]["training"]["steps"] = 2
    config["patch_filter"]["enabled"] = False
    config["compute"]["threads"] = 2
    names = list(config["experiments"])
    models = [f"results/jimt1/classifier/{name}/seed0/model.pt" for name in names]
    imitation.write().snakemake(*models, "results/jimt1/benchmarks/classifiers.tsv")
    table = storage.read(imitation.results / "benchmarks/classifiers.tsv", CLASSIFIERS)
    cells = table.set_index("experiment")["n_cells"]
    assert sorted(cells.index) == sorted(names)
    # 6 patches of each of 16 fields, without those between live and dead
    assert 70 < cells["inception_v3"] <= 6 * 16
    for backbone in ("inception_v3", "resnet18", "squeezenet"):
        alone = [f"{backbone}_no_treatment", f"{backbone}_doxorubicin_paclitaxel"]
        assert cells[alone].min() > 0
        assert cells[alone].sum() == cells["inception_v3"]


def test_fifteen_parts_of_the_archive_are_known_by_their_content():
    config = yaml.safe_load((ROOT / "config/jimt1.yaml").read_text())
    parts = [file for file in config["fetch"]["files"] if "git_blob" in file]
    assert [file["url"].rsplit(".", 1)[1] for file in parts] == [
        *(f"z{number:02}" for number in range(1, 15)),
        "zip",
    ]
    assert all(re.fullmatch("[0-9a-f]{40}", file["git_blob"]) for file in parts)
    assert len({file["git_blob"] for file in parts}) == 15
