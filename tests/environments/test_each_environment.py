"""Each rule runs in an environment that holds what its file names, and nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study

# of libraries that the study does not ask for
OPTIONAL = {"detectron2", "transformers", "embedding_gpu"}
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


def test_pins_beside_an_environment_file_are_what_is_installed(conda, tmp_path):
    """The file asks for numpy, its pins for pandas: the pins win, and their packages are there."""
    address = "https://conda.anaconda.org/conda-forge/noarch/pandas-3.0.1-h0.conda"
    (tmp_path / "cells.yaml").write_text(yaml.safe_dump({"dependencies": ["numpy =2.4"]}))
    (tmp_path / "cells.linux-64.pin.txt").write_text(f"@EXPLICIT\n{address}#{'0' * 32}\n")
    (tmp_path / "Snakefile").write_text(
        "rule cells:\n    output: 'cells'\n    conda: 'cells.yaml'\n"
        "    shell: 'python -c \"import pandas\" && touch {output:q}'\n"
    )
    command = [sys.executable, "-m", "snakemake", "--sdm", "conda", "--cores", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Using pinnings from" in done.stderr
    assert (tmp_path / "cells").exists(), done.stderr


def test_the_container_recipe_is_the_one_that_snakemake_makes_of_the_environments(conda, tmp_path):
    """With the command of docs/environments.md."""
    documented = (ROOT / "docs/environments.md").read_text()
    [command] = re.findall(r"^snakemake --containerize .*$", documented, re.MULTILINE)
    call = command.replace("snakemake", f"{sys.executable} -m snakemake", 1)
    call = call.replace("> Dockerfile", f"> {tmp_path}/Dockerfile")
    assert call.count(str(tmp_path)) == 1
    subprocess.run(["bash", "-o", "pipefail", "-c", call], cwd=ROOT, check=True)
    recipe = (tmp_path / "Dockerfile").read_text()
    assert recipe == (ROOT / "Dockerfile").read_text(), f"make it again: {command}"
    assert "ENV CONDA_OVERRIDE_CUDA" in recipe.split("RUN conda")[0]


def test_a_detector_runs_in_the_environment_of_its_library(
    conda, tmp_path, tiny_config, small_rows
):
    """Its training and its comparison with the others; those stay where they are."""
    tiny_config["detectors"] = {"main": {}, "other": {"model": {"backend": "detectron2"}}}
    study = Study(tmp_path / "study", tiny_config)
    study.folder.mkdir()
    study.write_fields(small_rows)
    planned = study.write().planned("--sdm", "conda")
    assert (planned["train_detector"], planned["compare_detectors"]) == (2, 2)
    recipe = study.snakemake("--sdm", "conda", "--containerize").stdout
    held = re.findall(r"source: \S*envs/(detectron2|torch|transformers)\.yaml", recipe)
    assert held == ["detectron2", "torch"]


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
        if path.stem not in OPTIONAL
    }
    assert made == declared
    assert (study.results / "report.zip").exists()
    assert (study.results / "run.json").exists()
