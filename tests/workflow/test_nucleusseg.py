"""Real masks of nuclei through the workflow, up to the comparison of their sizes."""

import os
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study

from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.quality import SPLITS
from cellpheno.tables.statistics import MEASURE_TESTS

pytestmark = pytest.mark.real_data

TARGETS = ["annotations/boxes.parquet", "splits.tsv", "statistics/measure_tests.tsv"]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    config = yaml.safe_load((ROOT / "config/nucleusseg.yaml").read_text())
    config["data_root"] = str(Path(folder) / "nucleusseg")
    config["fields"] = str(ROOT / config["fields"])
    study = Study(tmp_path_factory.mktemp("nucleusseg"), config).write()
    study.snakemake(*(f"results/nucleusseg/{target}" for target in TARGETS))
    return study


def test_nuclei_fall_into_the_published_split(study):
    boxes = storage.read(study.results / "annotations/boxes.parquet", BOXES)
    splits = storage.read(study.results / "splits.tsv", SPLITS)
    counts = boxes.merge(splits, on="field").groupby(["split", "label"]).size()
    assert counts["train"].sum() == 785
    assert counts["test"].to_dict() == {"HepG2": 985, "Huh7": 891}


def test_nuclei_of_hepg2_are_smaller_than_those_of_huh7_as_known(study):
    path = study.results / "statistics/measure_tests.tsv"
    table = storage.read(path, MEASURE_TESTS).set_index(["class", "test"])
    found = table.loc[("all", "student")]
    assert (found["n_condition"], found["n_control"]) == (25, 16)
    assert found["estimate"] == pytest.approx(987 - 1202, abs=1)
    assert found["degrees_of_freedom"] == 39
    assert found["statistic"] == pytest.approx(-2.634, abs=5e-4)
    assert found["p"] == pytest.approx(0.0120, abs=5e-5)
    assert found["measure_unit"] == "px²"
