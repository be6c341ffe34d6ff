"""Each rule runs in an environment that holds what its file names, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study

STAND_IN = Path(__file__).with_name("stand_in_conda.py")


@pytest.fixture
def conda(tmp_path, monkeypatch):
    """The stand-in for conda, where Snakemake finds it."""
    folder = tmp_path / "conda"
    subprocess.run([sys.executable, STAND_IN, "install", folder], check=True)
    monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
    return folder


def python_of(tmp_path, *packages):
    """Make an environment and return its Python."""
    file = tmp_path / "env.yaml"
    file.write_text(yaml.safe_dump({"dependencies": ["python =3.12", *packages]}))
    command = ["conda", "env", "create", "--quiet", f'--file "{file}"', f"--prefix {tmp_path}/env"]
    subprocess.run(" ".join(command), shell=True, check=True)
    return tmp_path / "env/bin/python"


def test_an_environment_of_the_stand_in_holds_what_it_names_and_nothing_else(conda, tmp_path):
    python = python_of(tmp_path, "pandas =3.0", "py-opencv 5.0.* headless_*")
    code = "import sys; sys.path.append(sys.argv[1]); import cv2, pandas, numpy; import {}"
    lent = str(Path(yaml.__file__).parents[1])
    for module, fails in (("dateutil", False), ("sklearn", True), ("yaml", True)):
        command = [python, "-c", code.format(module), lent]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert bool(done.returncode) == fails, done.stderr
        assert ("which env.yaml does not hold" in done.stderr) == fails


@pytest.mark.slow
def test_every_rule_of_a_study_runs_in_its_own_environment(
    conda, tmp_path, tiny_config, small_rows
):
    study = Study(tmp_path / "study", tiny_config)
    study.folder.mkdir()
    study.write_fields(small_rows)
    study.write().snakemake("--sdm", "conda", "--resources", "gpu=1")
    made = {
        yaml.safe_load(path.read_text())["dependencies"].__repr__()
        for path in (study.folder / ".snakemake/conda").glob("*.yaml")
    }
    declared = {
        yaml.safe_load(path.read_text())["dependencies"].__repr__()
        for path in (ROOT / "envs").glob("*.yaml")
        if path.stem != "detectron2"
    }
    assert made == declared
    assert (study.results / "report.zip").exists()
    assert (study.results / "run.json").exists()
