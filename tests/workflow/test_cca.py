"""config/cca.yaml on a small imitation of the published data set's files (C2, C11)."""

import copy
import csv
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
import yaml
from conftest import ROOT, Study

from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.quality import SPLITS

TEXT = (ROOT / "config/cca.yaml").read_text()
SIDE = 64
CELL = (
    "<object><name>{label}</name><bndbox><xmin>{low}</xmin><ymin>5</ymin>"
    "<xmax>{high}</xmax><ymax>20</ymax></bndbox></object>"
)
LISTED = {"06": "r06c04f{n}p01", "07": "r07c04f{n}.p01", "08": "r08c04f{n}.p01.tiff"}
"""How the lists might name images; which way they do is not known."""


def write_pictures(folder, name, rng):
    """A bright-field file, and red, green and Hoechst as the three planes of another file."""
    for kind, shape in (("brightfield", (SIDE, SIDE)), ("fluorescence", (3, SIDE, SIDE))):
        picture = rng.integers(100, 4000, shape).astype(np.uint16)
        if kind == "fluorescence":
            picture += np.array([3000, 2000, 1000], np.uint16)[:, None, None]
        path = folder / "raw_images_for_model" / kind / f"{name}.p01.tiff"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, picture, photometric="minisblack")


def write_annotation(folder, name, labels):
    cells = [CELL.format(label=c, low=5 + 20 * n, high=20 + 20 * n) for n, c in enumerate(labels)]
    folder.mkdir(parents=True, exist_ok=True)
    size = f"<size><width>{SIDE}</width><height>{SIDE}</height><depth>1</depth></size>"
    (folder / f"{name}p01.xml").write_text(f"<annotation>{size}{''.join(cells)}</annotation>")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Three patients with an image for each split, and the sample sheet that the config makes."""
    folder = tmp_path_factory.mktemp("cca")
    data, rng = folder / "data/cca", np.random.default_rng(0)
    lists = {"train": [], "val": [], "test": []}
    for patient, listed in LISTED.items():
        for n, (split, names) in enumerate(lists.items(), 11):
            name = f"r{patient}c04f{n}"
            write_pictures(data, name, rng)
            names.append(listed.format(n=n))
            if split == "test":
                for drawn in ("Expert1", "Expert2", "Unioned"):
                    write_annotation(data / "Annotations/test" / drawn, name, "R")
            else:
                write_annotation(data / "Annotations/trainval", name, "RGU")
    for split, names in lists.items():
        (data / f"{split}.txt").write_text("\n".join(names) + "\n")
    (data / "raw_cell_images/R").mkdir(parents=True)
    (data / "raw_cell_images/R/r06c04f11p01_1_5_5_20_20.tiff").write_bytes(b"not a field")
    (data / "weights").mkdir()
    for weights in yaml.safe_load(TEXT)["fetch"]["files"]:
        torch.save({}, data / weights["name"])
    (folder / "config").mkdir()
    shown = re.search(r"python (workflow/scripts/make_sample_sheet.py(?:.*\\\n)+.*)\n", TEXT)[1]
    command = shown.replace("\\\n#", "\\\n").replace("workflow/", f"{ROOT}/workflow/")
    subprocess.run(["bash", "-c", f"{sys.executable} {command}"], cwd=folder, check=True)
    return Study(folder, yaml.safe_load(TEXT)).write()


def test_the_sample_sheet_tells_the_patient_and_the_files_of_every_channel(study):
    sheet = pd.read_csv(study.folder / "config/cca_fields.tsv", sep="\t", dtype=str)
    assert sheet["condition"].value_counts().to_dict() == {"p06": 3, "p07": 3, "p08": 3}
    row = sheet.set_index("field").loc["r07c04f12p01"]
    assert row["brightfield"] == "raw_images_for_model/brightfield/r07c04f12.p01.tiff"
    assert set(row[["hoechst", "green", "red"]]) == {
        "raw_images_for_model/fluorescence/r07c04f12.p01.tiff"
    }


def test_the_published_protocol_is_planned_in_three_inputs(study):
    planned = study.planned()
    assert planned["train_detector"] == len(study.config["detectors"])
    backbones = study.config["designs"]["backbones"]["backbones"]
    assert len(backbones) == 13  # and that of the study itself (C52)
    unknown, shares, patients = 4, 4, 6  # all cells of all patients, kept as they are, are there
    inputs, seeds = len(study.config["experiments"]), len(study.config["seeds"])
    wanted = inputs * (1 + len(backbones) + shares) + unknown + patients
    assert planned["train_classifier"] == seeds * wanted
    assert planned["report"] == 1
    assert study.planned("fetch") == {"fetch": 1}


def test_annotations_and_lists_find_their_images_with_and_without_the_dot(study):
    results = f"results/{study.config['study']}"
    study.snakemake(f"{results}/splits.tsv", f"{results}/annotations/agreement.tsv")
    splits = storage.read(study.results / "splits.tsv", SPLITS)
    assert splits.set_index("field")["split"].to_dict() == {
        f"r{patient}c04f{n}p01": split
        for patient in LISTED
        for n, split in enumerate(("train", "val", "test"), 11)
    }
    boxes = storage.read(study.results / "annotations/boxes.parquet", BOXES)
    counts = boxes.groupby("field")["label"].agg("".join)
    assert set(counts[counts.index.str.contains("f13")]) == {"R"}
    assert set(counts[~counts.index.str.contains("f13")]) == {"RGU"}
    agreement = pd.read_csv(study.results / "annotations/agreement.tsv", sep="\t")
    named = {*agreement["reference"], *agreement["annotator"]}
    assert {"experts", "Expert1", "Expert2"} <= named


@pytest.mark.slow
def test_the_published_networks_take_two_steps_on_all_channels(tmp_path):
    """Full-scale networks by the published protocol on simulated fields; only the steps are few."""
    config = copy.deepcopy(yaml.safe_load(TEXT))
    example = yaml.safe_load((ROOT / "config/cca_example.yaml").read_text())
    for key in ("fetch", "image_files", "designs"):
        del config[key]
    config |= {key: example[key] for key in ("annotations", "simulation", "fields")}
    config |= {"fields": "fields.tsv", "data_root": "results/cca/raw", "seeds": [0]}
    config["simulation"] |= {"height": 192, "width": 192, "cells_per_field": 8}
    config["splits"]["lists"] = {}
    config["detection"]["model"]["backbone_weights"] = None
    config["detection"]["training"] |= {"steps": 2, "batch_size": 2, "warmup": 1, "milestones": []}
    config["classification"]["model"]["weights"] = None
    config["classification"]["training"] |= {"steps": 2, "batch_size": 8, "warmup": 1}
    config["classification"]["training"]["milestones"] = []
    config["compute"]["threads"] = 2
    study = Study(tmp_path, config).write()
    sheet = ROOT / "config/cca_example_fields.tsv"
    rows = list(csv.DictReader(sheet.read_text().splitlines(), delimiter="\t"))
    study.write_fields(
        [row for split in ("train", "val", "test") for row in rows if row["split"] == split][::6]
    )
    models = ["detector/fluorescence/model.pt", "classifier/fluorescence/seed0/model.pt"]
    study.snakemake(*(f"results/cca/{name}" for name in models))
    assert all((study.results / name).stat().st_size > 100e6 for name in models)
