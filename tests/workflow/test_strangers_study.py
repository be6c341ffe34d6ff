"""What lies in the working folder does not run unasked (docs/security.md)."""

import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

CODE = "__import__('pathlib').Path('ran').touch() or 1"


@pytest.fixture
def study(mini_study):
    return mini_study.write()


def plan(study, *arguments, **environment):
    """Return what a dry run in the study's folder says, as typed by a user."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", str(study.snakefile), "-n", *arguments],
        cwd=study.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return done.stdout


def write_profile(folder):
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(f'default-resources:\n  - "disk_mb={CODE}"\n')


@pytest.mark.parametrize("place", ["profiles/default", "default"])
def test_a_profile_that_lies_in_the_working_folder_is_refused_and_does_not_run(study, place):
    write_profile(study.folder / place)
    said = plan(study, "--configfile", "study.yaml")
    assert f"cellpheno: Snakemake takes its options from {place} of the working folder" in said
    assert not (study.folder / "ran").exists()


def test_a_profile_of_the_working_folder_is_used_by_whoever_names_it(study):
    write_profile(study.folder / "profiles/default")
    said = plan(study, "--configfile", "study.yaml", "--workflow-profile", "profiles/default")
    assert "train_classifier" in said
    assert (study.folder / "ran").exists()


def test_a_profile_of_the_environment_is_the_user_s_own_not_one_of_the_working_folder(study):
    write_profile(study.folder / "lab")
    said = plan(study, "--configfile", "study.yaml", SNAKEMAKE_PROFILE="lab")
    assert "cellpheno: Snakemake takes its options from lab of the working folder" in said
    assert not (study.folder / "ran").exists()


def test_a_template_that_the_working_folder_offers_as_config_does_not_run(study):
    text = (study.folder / "study.yaml").read_text()
    (study.folder / "config.yaml").write_text(f'{text}"__use_\\x79te__": true\nseed: "?{CODE}"\n')
    assert "cellpheno: config.yaml is a template" in plan(study)
    assert not (study.folder / "ran").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("study: größe\n".encode("latin-1"), "is not UTF-8"),
        (b"", "has no keys"),
        (b"- study\n- fields\n", "has no keys"),
        (b"study: a\n\tfields: b\n", "is not YAML: line 2: "),
        (b"study: 2024-13-45\n", "is not YAML: month must be"),
        (b"[" * 3000, "is not YAML: "),
    ],
    ids=["latin", "empty", "list", "tabs", "date", "deep"],
)
def test_a_config_that_cannot_be_one_is_refused_in_one_sentence(study, content, words):
    (study.folder / "config.yaml").write_bytes(content)
    said = plan(study)
    assert f"cellpheno: config.yaml {words}" in said
    assert "Traceback" not in said


def test_a_template_that_the_command_line_names_is_refused_however_it_is_written(study):
    (study.folder / "study.yaml").open("a").write("<<: {__use_yte__: true}\n")
    said = plan(study, "--configfile", "study.yaml")
    assert "lets Snakemake run expressions of the config as Python" in said
    assert "train_classifier" not in said


@pytest.mark.parametrize("name", [".numba_config.yaml", "libcuda.so.1", "tls/x86_64/libcuda.so.1"])
def test_a_file_that_libraries_load_from_the_working_folder_is_refused(study, name):
    (study.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (study.folder / name).touch()
    said = plan(study, "--configfile", "study.yaml")
    assert f"cellpheno: The working folder contains {name}" in said


def test_a_config_that_would_end_a_script_of_the_report_is_refused(study):
    study.config["statistics"]["exclude_conditions"] = ["</SCRIPT><script>alert(1)</script>"]
    study.write()
    said = plan(study, "--configfile", "study.yaml")
    assert "study.yaml: statistics: exclude_conditions contains '</SCRIPT>" in said


def test_names_of_a_stranger_are_text_in_figures_and_in_the_report(mini_study):
    """As data_root, class and condition: HTML, links, a file to include, a formula."""
    root = ".. raw:: html <b onclick=alert(1)>"
    classes = {
        "small": "<img src=x onerror=alert(1)>",
        "big": "`x <javascript:alert(1)>`_ $\\frac$",
    }
    control = ".. include:: secret.txt $x_"
    project = json.loads((mini_study.data / "via.json").read_text())
    for image in project.values():
        for region in image["regions"]:
            region["region_attributes"]["class"] = classes[region["region_attributes"]["class"]]
    (mini_study.data / "via.json").write_text(json.dumps(project))
    for row in mini_study.rows:
        row["condition"] = row["condition"].replace("untreated", control)
    mini_study.config["data_root"] = root
    mini_study.config["classes"] = list(classes.values())
    mini_study.config["negative_class"] = classes["small"]
    mini_study.config["statistics"]["control"] = control
    mini_study.data.rename(mini_study.folder / root)
    (mini_study.folder / "secret.txt").write_text("the secret of the folder")
    (mini_study.folder / "docutils.conf").write_text("[general]\nraw_enabled: true\n")
    mini_study.write().snakemake("results/mini/report.zip")
    with zipfile.ZipFile(mini_study.results / "report.zip") as report:
        html = report.read("report/report.html").decode()
    assert "the secret of the folder" not in html
    shown = re.findall(r'var workflow_desc = (".*");|"caption": (".*?(?<!\\)")', html)
    captions = [json.loads(desc or caption) for desc, caption in shown]
    assert any("javascript:alert(1)" in caption for caption in captions)  # as text
    for caption in captions:
        assert not {"img", "b", "a", "script"} & set(re.findall(r"<(\w+)", caption))
