"""Real worms, live or dead by a stain: the known answer through the workflow (BBBC010)."""

import csv
import os
import re
from pathlib import Path

import pytest
from conftest import Study

from cellpheno.tables import storage
from cellpheno.tables.labels import MIXTURE
from cellpheno.tables.statistics import FREQUENCIES, TESTS

DATA = Path(os.environ.get("CELLPHENO_REAL_DATA", "/nowhere")) / "bbbc010"


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason="BBBC010 is not at hand")
def test_dead_worms_per_well_are_those_computed_outside_this_project(tmp_path):
    with (DATA / "wells.csv").open() as stream:
        conditions = {row["well"]: row["condition"] for row in csv.DictReader(stream)}
    files = {}
    for path in sorted((DATA / "images").iterdir()):
        well, wave = re.search(r"_([A-Z]\d\d)_(w\d)_", path.name).groups()
        files.setdefault(well, {})[wave] = f"images/{path.name}"
    study = Study(
        tmp_path,
        {
            "study": "worms",
            "fields": "fields.tsv",
            "data_root": str(DATA),
            "fields_per_shard": 24,
            "channels": ["brightfield", "dead_stain"],
            "composite": dict.fromkeys(("red", "green", "blue"), "brightfield"),
            "quality": {f"m{end}": None for end in ("in_contrast", "in_detail", "in_background")}
            | {"max_background": None, "empty_contrast": None, "compare_channels": False},
            "candidates": {"source": "annotations"},
            "labels": {
                "source": "fluorescence",
                "channel": "dead_stain",
                "within": "mask",
                "scale": "log",
                "rule": "likelier",
            },
            "annotations": {
                "format": "object_masks",
                "files": ["worms"],
                "suffix": "_ground_truth",
                "label_column": "condition",
                "rename": {"live_control": "live"},
            },
            "classes": ["live", "dead"],
            "negative_class": "live",
            "statistics": {
                "source": "labels",
                "splits": ["train", "val", "test"],
                "control": "live_control",
                "tests": [{"test": "student", "unit": "field", "correction": "none"}],
            },
        },
    )
    study.write_fields(
        [
            {
                "field": well,
                "condition": conditions[well],
                "replicate": well,
                "group": well,
                "brightfield": waves["w2"],
                "dead_stain": waves["w1"],
            }
            for well, waves in sorted(files.items())
        ]
    )
    study.write().snakemake("results/worms/statistics/tests.tsv")
    mixture = storage.read(study.results / "labels/mixture.tsv", MIXTURE)
    value = mixture.set_index(["class", "metric"])["value"]
    assert value["live", "mean_counts"] == pytest.approx(107, abs=0.5)
    assert value["dead", "mean_counts"] == pytest.approx(410.5, abs=0.5)
    assert value["all", "agreement_with_annotation"] == pytest.approx(0.820, abs=0.0005)
    frequencies = storage.read(study.results / "statistics/frequencies.tsv", FREQUENCIES)
    dead = frequencies[frequencies["class"] == "dead"].groupby("condition")["frequency"]
    assert dead.mean().round(3).to_dict() == {"dead": 0.988, "live_control": 0.336}
    assert dead.std().round(3).to_dict() == {"dead": 0.027, "live_control": 0.116}
    tests = storage.read(study.results / "statistics/tests.tsv", TESTS)
    (row,) = tests[tests["class"] == "dead"].to_dict("records")
    assert row["statistic"] == pytest.approx(19.07, abs=0.005)
    assert row["degrees_of_freedom"] == 22
