"""The record of a run separates what repeats from what varies."""

import json
import os

import pytest

from cellpheno.core import run_record

CONFIG = {"study": "small", "seed": 3, "seeds": [0, 1]}


@pytest.fixture
def run(tmp_path):
    """The folders of a finished study."""
    results, logs = tmp_path / "results", tmp_path / "logs"
    files = {
        results / "qc/fields.tsv": "field\tverdict\tcontent\na\tok\t12ab\nb\tok\t34cd\n",
        results / "cells.parquet": "cells",
        results / "benchmarks/train/main.tsv": "s\th:m:s\tmax_rss\n12.5\t0:0:12\t830.1\n",
        results / "benchmarks/plot.tsv": "s\th:m:s\tmax_rss\n0.1\t0:0:0\t-\n",
        results / "benchmarks/detectors.tsv": "detector\tseconds\nmain\t1\n",
        results / "classifier/checkpoints/history.tsv": "unfinished",
        logs / "train/main.log": "cellpheno.gpu: running on NVIDIA H200\n",
        logs / "plot.log": "cellpheno.job: plot started\n",
        tmp_path / "boxes/one.xml": "<a/>",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def record(run):
    return run_record.record(CONFIG, [run / "boxes"], run / "results", run / "logs")


def test_a_record_contains_what_a_repetition_needs(run):
    found = record(run)
    assert found["seeds"] == {"study": 3, "classifiers": [0, 1]}
    assert found["raw_images"] == {"a": "12ab", "b": "34cd"}
    assert set(found["results"]) == {"qc/fields.tsv", "cells.parquet"}
    assert found["software"]["packages"]["numpy"]
    assert len(found["workflow"]["code"]) == 64
    assert found["varying"]["devices"] == {"train/main": "NVIDIA H200"}
    assert found["varying"]["jobs"] == {
        "plot": {"seconds": 0.1, "peak_mib": 0.0},
        "train/main": {"seconds": 12.5, "peak_mib": 830.1},
    }


def test_dates_and_durations_change_nothing_but_what_varies(run):
    first = record(run)
    for path in run.rglob("*"):
        os.utime(path, (10**9, 10**9))
    (run / "results/benchmarks/plot.tsv").write_text("s\tmax_rss\n77\t1\n")
    second = record(run)
    assert first.pop("varying") != second.pop("varying")
    assert first == second


@pytest.mark.parametrize(
    ("name", "section"), [("boxes/one.xml", "inputs"), ("results/cells.parquet", "results")]
)
def test_changed_content_changes_its_hash(run, name, section):
    first = record(run)
    (run / name).write_text("changed")
    assert record(run)[section] != first[section]


def test_conda_environments_are_listed_with_all_they_hold(tmp_path):
    (tmp_path / "ab12_/conda-meta").mkdir(parents=True)
    (tmp_path / "ab12_/conda-meta/numpy-2.4.1-py312_0.json").touch()
    (tmp_path / "ab12.yaml").touch()
    assert run_record.software(tmp_path)["conda"] == {"ab12_": ["numpy-2.4.1-py312_0"]}


def test_a_record_is_json(run, tmp_path):
    run_record.write(record(run), tmp_path / "run.json")
    assert json.loads((tmp_path / "run.json").read_text())["study"] == "small"
