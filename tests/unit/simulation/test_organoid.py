"""Simulated organoid cells: dyes reveal the class, bright field hardly does, patients differ."""

import numpy as np
import pandas as pd
import pytest
import tifffile
from sklearn.metrics import roc_auc_score

from cellpheno.annotations.formats import registry
from cellpheno.annotations.regions import FieldNames
from cellpheno.annotations.table import to_tables
from cellpheno.simulation import organoid
from cellpheno.simulation.organoid_cells import build
from cellpheno.simulation.study import simulate_study
from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH

CHANNELS, CLASSES = organoid.KIND.channels, list(organoid.KIND.classes)
SETTINGS = {
    "kind": "organoid",
    "height": 256,
    "width": 320,
    "cells_per_field": 16,
    "cell_radius": 14,
    "cell_lines": {"p07": {"radius": 1.3, "stain": 0.7}, "p08": {"radius": 0.8, "stain": 1.3}},
    "label_errors": 0.0,
    "annotators": [
        {"name": "expert", "splits": ["train", "val"]},
        {"name": "Expert1", "splits": ["test"], "miss": 0.2},
        {"name": "Expert2", "splits": ["test"], "miss": 0.2, "classes": ["R"]},
    ],
    "faults": {},
    "replicate_spread": 0.1,
    "day_spread": 0.0,
    "frequencies": {p: {"R": 0.34, "G": 0.33} for p in ("p06", "p07", "p08")},
}


def sheet(folder):
    return [
        {
            "field": f"{patient}-w{well}-f1",
            "condition": patient,
            "replicate": f"w{well}",
            "group": f"{patient}-w{well}",
            "split": split,
            **{c: str(folder / f"{patient}-w{well}-f1_{c}.tiff") for c in CHANNELS},
        }
        for patient in ("p06", "p07", "p08")
        for well, split in enumerate(["train", "train", "train", "val", "test", "predict"], 1)
    ]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("organoids")
    names = ["trainval", "Expert1", "Expert2"]
    truth = simulate_study(
        sheet(folder),
        SETTINGS,
        CLASSES,
        0,
        [folder / name for name in names],
        annotation_format="voc",
        senior="expert",
        negative_class="U",
    )
    return folder, truth


@pytest.fixture(scope="module")
def light(simulated):
    """Mean of each channel in the middle of each box, above the field's median."""
    folder, truth = simulated
    rows = []
    for row in sheet(folder):
        pictures = {c: tifffile.imread(row[c]).astype(float) for c in CHANNELS}
        for cell in truth[truth["field"] == row["field"]].itertuples():
            x, y = (cell.x_min + cell.x_max) / 2, (cell.y_min + cell.y_max) / 2
            part = slice(max(0, int(y) - 4), int(y) + 5), slice(max(0, int(x) - 4), int(x) + 5)
            rows.append({c: p[part].mean() - np.median(p) for c, p in pictures.items()})
    return pd.concat([truth, pd.DataFrame(rows)], axis=1)


def auroc(light, channel):
    return roc_auc_score(light["label"] == "R", light[channel])


def test_every_channel_is_a_16_bit_image(simulated):
    for row in sheet(simulated[0]):
        for channel in CHANNELS:
            image = tifffile.imread(row[channel])
            assert image.dtype == np.uint16
            assert image.shape == (256, 320)
            assert 50 < np.median(image) < image.max() < 65535


def test_the_dyes_tell_the_class_nearly_always_and_brightness_in_bright_field_does_not(light):
    assert auroc(light, "red") > 0.95
    green = light[light["label"] != "R"]
    assert roc_auc_score(green["label"] == "G", green["green"]) > 0.9
    assert 0.35 < auroc(light, "brightfield") < 0.65


def test_unknown_cells_have_a_nucleus_but_next_to_no_dye_or_both(light):
    unknown = light[light["label"] == "U"]
    typical = {
        c: light.loc[light["label"] == k, c].median() for c, k in (("red", "R"), ("green", "G"))
    }
    strong = pd.DataFrame({c: unknown[c] > 0.35 * typical[c] for c in typical})
    assert (strong["red"] == strong["green"]).mean() > 0.8
    assert 0.02 < strong.all(axis=1).mean() < 0.4
    assert (unknown["hoechst"] > 100).mean() > 0.8


def test_the_truth_says_what_unknown_cells_are(simulated):
    folder, truth = simulated
    storage.write(truth, folder / "truth.parquet", TRUTH)
    truth = storage.read(folder / "truth.parquet", TRUTH)
    assert set(truth.loc[truth["label"] == "R", "origin"]) == {"cancer"}
    assert set(truth.loc[truth["label"] == "G", "origin"]) == {"normal"}
    assert set(truth.loc[truth["label"] == "U", "origin"]) == {"cancer", "normal", "debris"}


def test_nuclei_of_cancer_cells_are_planted_larger_and_clumpier_and_overlap_with_normal_ones():
    rng = np.random.default_rng(0)
    nuclei = {
        label: [build(label, organoid.LINE, rng).cells[0].nuclei[0] for _ in range(400)]
        for label in "RG"
    }
    area = {
        label: np.array([n.outline.radius**2 for n in drawn]) for label, drawn in nuclei.items()
    }
    chromatin = {label: np.array([n.texture for n in drawn]) for label, drawn in nuclei.items()}
    for amount, low, high in ((area, 1.6, 2.0), (chromatin, 1.5, 2.0)):
        assert low < np.median(amount["R"]) / np.median(amount["G"]) < high
        assert amount["R"].min() < np.median(amount["G"])


def test_patients_differ_in_size_and_stain(light):
    patient = light["field"].str[:3]
    side = (light["x_max"] - light["x_min"]).groupby(patient).median()
    assert side["p07"] > side["p06"] > side["p08"]
    red = light[light["label"] == "R"].groupby(patient)["red"].median()
    assert red["p08"] > red["p07"]


def read(folder, annotator, rows):
    known = FieldNames(rows, CHANNELS)
    settings = {"format": "voc", "annotator": annotator, "rename": {}, "ignore": []}
    settings |= {"pixel_scale": 1, "label": None, "label_column": None}
    return to_tables(registry.read([folder], settings, known), known, CLASSES)


def test_the_senior_annotator_draws_what_trains_and_two_others_the_test(simulated):
    folder, truth = simulated
    split = {row["field"]: row["split"] for row in sheet(folder)}
    rows = [{**row, "height": 256, "width": 320} for row in sheet(folder)]
    expert = read(folder / "trainval", "expert", rows)
    assert {split[field] for field in expert.fields["field"]} == {"train", "val"}
    drawn = truth[truth["field"].map(split).isin(["train", "val"])]
    assert len(expert.boxes) == len(drawn)
    assert expert.boxes["label"].value_counts().to_dict() == drawn["label"].value_counts().to_dict()
    first, second = (read(folder / name, name, rows) for name in ("Expert1", "Expert2"))
    assert {split[field] for field in first.fields["field"]} == {"test"}
    tested = truth[truth["field"].map(split) == "test"]
    assert 0.6 * len(tested) < len(first.boxes) < len(tested)
    assert set(second.boxes["label"]) == {"R"}
