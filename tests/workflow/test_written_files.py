"""The workflow writes in its own folders alone, and loses nothing that belongs to a user."""

import os

import pytest
import yaml
from conftest import ROOT
from declared_files import declared_files
from snakemake.io import get_wildcard_names, strip_wildcard_constraints

CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "config").glob("*.yaml"))]
CONSTRAINED = {"study", "shard", "detector", "backend", "experiment", "network_input", "seed"}
CONSTRAINED |= {"source", "measure"}
"""Wildcards that stand for names of the config, which hold no slash, or for the rules' own."""


@pytest.mark.parametrize("configfile", CONFIGS, ids=lambda path: path.stem)
def test_no_rule_writes_outside_of_the_studys_own_folders(configfile, tmp_path):
    (tmp_path / "config").symlink_to(ROOT / "config")
    study = yaml.safe_load(configfile.read_text())["study"]
    rules = declared_files(ROOT / "Snakefile", configfile, tmp_path)
    assert sum(len(paths) for paths in rules.values()) > 150
    for rule, declared in rules.items():
        for path in map(strip_wildcard_constraints, declared):
            assert set(get_wildcard_names(path)) <= CONSTRAINED, (rule, path)
            filled = path.replace("{study}", study)
            assert os.path.normpath(filled) == filled, (rule, path)
            assert filled.startswith((f"results/{study}/", f"logs/{study}/")), (rule, path)


@pytest.fixture
def victim(tmp_path):
    """The work of weeks, next to the folder of a study."""
    path = tmp_path / "victim/sub/annotations.json"
    path.parent.mkdir(parents=True)
    path.write_text("work of weeks")
    yield
    assert path.read_text() == "work of weeks"


def refusal(study) -> str:
    """Return the sentence with which a run is refused before any job."""
    done = study.write().snakemake("--until", "simulate_study", check=False)
    assert done.returncode
    assert "Traceback" not in done.stdout
    assert "simulate_study" not in done.stdout
    (sentence,) = [line for line in done.stdout.splitlines() if line.startswith("cellpheno: ")]
    return sentence


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("voc", "../../../victim"),
        ("voc", "{folder}/victim"),
        ("via", "../../../victim/sub/annotations.json"),
    ],
)
def test_simulated_annotations_do_not_replace_a_users_folder_or_file(
    small_study, victim, form, name
):
    name = name.format(folder=small_study.folder)
    small_study.config["annotations"].update(format=form, files=[name])
    assert "lie in results/small/raw" in refusal(small_study)


def test_simulated_images_do_not_replace_a_users_file(small_study, small_rows, victim):
    small_rows[0]["nucleus"] = "../../../victim/sub/annotations.json"
    small_study.write_fields(small_rows)
    assert "lie in results/small/raw" in refusal(small_study)


def test_simulated_files_do_not_reach_a_users_folder_by_a_link(small_study, victim):
    small_study.results.mkdir(parents=True)
    (small_study.results / "raw").symlink_to(small_study.folder / "victim/sub")
    small_study.config["annotations"]["files"] = ["annotations.json"]
    assert "remove the link" in refusal(small_study)


def test_what_a_user_put_among_simulated_files_is_not_replaced_but_these_are(small_study):
    small_study.snakemake("--until", "simulate_study")
    # as an edit of the code or of a setting makes it do
    assert small_study.planned("--forcerun", "simulate_study")["simulate_study"] == 1
    mine = small_study.results / "raw/mine.json"
    mine.write_text("work of weeks")
    small_study.config["annotations"]["files"] = ["mine.json"]
    assert "would replace results/small/raw/mine.json" in refusal(small_study)
    assert mine.read_text() == "work of weeks"
