"""What every rule declares, and what rule files register."""

import re

import pytest
from rule_list import GPUS, ROOT, configs, matches, registered, rules

from cellpheno.core import code_hash

RULES = ROOT / "workflow/rules"
SCRIPTS = ROOT / "workflow/scripts"
TRAINS = {"train_detector", "train_classifier"}
"""Rules whose job may hold several GPUs."""
EMBEDS = {"embed_cells", "embed_experiment"}
"""Rules whose job uses a GPU where the config asks for it."""
USES_A_GPU = {
    "take_fingerprint",
    "estimate_cost",
    "train_detector",
    "compare_detectors",
    "detect_cells",
    "train_classifier",
    "classify_cells",
    "explain_cells",
    "learn_patch_filter",
    "filter_patches",
    "explain_every_class",
    "check_maps",
    "guess_unknown_cells",
    "judge_boxes",
}
BUILDS_DETECTORS = "cellpheno/detection/backends/registry.py"
TORCHVISION = "cellpheno/detection/backends/torchvision_models.py"
WORKING = {name: rule for name, rule in rules().items() if rule.works}


@pytest.fixture(params=WORKING)
def rule(request):
    return WORKING[request.param]


def test_the_studies_need_every_rule_file():
    files = {path.name for path in RULES.glob("*.smk")}
    without_rules = {"common.smk", "lookups.smk", "planned.smk", "registers.smk"}
    assert {rule.file for rule in rules().values()} - {"Snakefile"} == files - without_rules


def test_rule_files_fit_a_few_screens():
    lines = {path.name: len(path.read_text().splitlines()) for path in RULES.glob("*.smk")}
    assert lines["common.smk"] < 130
    assert max(lines.values()) <= 180
    assert len((ROOT / "Snakefile").read_text().splitlines()) < 90


def test_a_rule_says_what_it_does_and_declares_all_that_a_cluster_needs(rule):
    assert rule.docstring
    assert rule.log
    assert rule.benchmark
    assert rule.conda
    assert rule.threads
    assert rule.resources["mem_mb"] == "scaled.<locals>.mem_mb"
    assert rule.resources["runtime"] == "longer.<locals>.runtime"


def test_a_rule_says_plainly_whether_it_uses_a_gpu(rule):
    uses = GPUS if rule.name in TRAINS else int(rule.name in USES_A_GPU | EMBEDS)
    assert rule.resources["gpu"] == uses


def test_the_code_of_a_script_is_a_parameter_of_its_rule(rule):
    def read(name):
        path = SCRIPTS / name
        return path.read_text() if path.exists() else None

    if rule.script and rule.name != "figure":
        assert (SCRIPTS / rule.script).exists()
        # what builds detectors by a name in the config does not import the library by itself
        if BUILDS_DETECTORS in code_hash.behind(rule.script, read):
            hashes = code_hash.code_id(rule.script, read, [TORCHVISION])
            assert rule.params["code"] in ("detector_code.<locals>.<lambda>", hashes)
        else:
            assert rule.params["code"] == code_hash.code_id(rule.script, read)


def test_rule_files_name_no_site_and_no_retries():
    for path in RULES.glob("*.smk"):
        for word in ("partition", "account", "gpu_model", "retries", "qos"):
            assert word not in path.read_text(), (path, word)


def test_a_name_means_the_same_in_every_rule_file():
    files = sorted(RULES.glob("*.smk"))
    given = [
        name
        for path in files
        for name in set(re.findall(r"^([A-Z_]+) = ", path.read_text(), re.MULTILINE))
    ]
    assert len(given) > 20
    assert len(given) == len(set(given))


def test_scripts_and_rules_belong_together():
    scripts = {path.name for path in SCRIPTS.glob("*.py")}
    named = {rule.script for rule in WORKING.values()}
    # run by hand, before there is a sample sheet
    assert scripts - named == {"make_sample_sheet.py"}


@pytest.mark.parametrize("study", configs())
def test_what_is_registered_is_made_by_a_rule_once(study):
    made = registered(study)
    outputs = [path for rule in made["rules"] for path in rule["output"]]
    for name in ("results", "figures", "warnings"):
        assert len(made[name]) == len(set(made[name]))
        for path in made[name]:
            assert any(matches(path, output) for output in outputs), path


def test_a_figure_is_wanted_where_the_study_has_what_it_shows():
    figures = {study: registered(study)["figures"] for study in configs()}
    assert "results/arhgap36/figures/effects.pdf" in figures["default"]
    assert "results/arhgap36/figures/detectors.png" in figures["default"]
    assert "results/jimt1_example/figures/viability_map.pdf" in figures["jimt1_example"]
    assert not any("detect" in path for path in figures["jimt1_example"])
    assert "results/cca_example/figures/patients.pdf" in figures["cca_example"]
    assert "results/cca_example/figures/two_classes.pdf" not in figures["cca_example"]
