"""What every rule declares, read from the rule files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = {
    (path.name, name): body
    for path in sorted((ROOT / "workflow/rules").glob("*.smk"))
    for name, body in re.findall(
        r"^ *rule (\w+):\n(.*?)(?=^ *rule |\Z)", path.read_text(), re.DOTALL | re.MULTILINE
    )
    # a rule that only names targets does no work
    if "script:" in body or "shell:" in body
}
TRAINS = {"train_detector", "train_classifier"}
"""Rules whose job may hold several GPUs."""
EMBEDS = {"embed_cells", "embed_experiment"}
"""Rules whose job uses a GPU where the config asks for it."""
USES_A_GPU = {
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


@pytest.fixture(params=RULES, ids=lambda key: key[1])
def rule(request):
    return request.param[1], RULES[request.param]


def test_there_are_rules_to_check():
    assert len(RULES) > 20


def test_a_rule_says_what_it_does_and_declares_all_that_a_cluster_needs(rule):
    _, body = rule
    assert body.lstrip().startswith('"""')
    for directive in ("log", "benchmark", "conda", "threads", "resources"):
        assert re.search(rf"^ +{directive}:", body, re.MULTILINE), directive
    for resource in ("mem_mb", "runtime"):
        assert re.search(rf"\b{resource}=(scaled|longer)\(", body), (
            f"{resource} of a retry is not more"
        )


def test_a_rule_says_plainly_whether_it_uses_a_gpu(rule):
    name, body = rule
    if name in TRAINS:
        assert 'gpu=config["compute"]["gpus_per_training"],' in body
    elif name in EMBEDS:
        assert "gpu=EMBEDDING_GPU," in body
    else:
        assert f"gpu={int(name in USES_A_GPU)}," in body


def test_the_code_of_a_script_is_a_parameter_of_its_rule(rule):
    _, body = rule
    script = re.search(r'script:\s+"\.\./scripts/(\w+\.py)"', body)
    if script:
        assert f'code=code_id("{script[1]}")' in body
        assert (ROOT / "workflow/scripts" / script[1]).exists()


def test_a_rule_names_no_site_and_no_retries(rule):
    _, body = rule
    for word in ("partition", "account", "gpu_model", "retries", "qos"):
        assert word not in body, word


def test_a_name_means_the_same_in_every_rule_file():
    files = sorted((ROOT / "workflow/rules").glob("*.smk"))
    given = [
        name
        for path in files
        for name in set(re.findall(r"^([A-Z_]+) = ", path.read_text(), re.MULTILINE))
    ]
    assert len(given) > 20
    assert len(given) == len(set(given))


def test_scripts_and_rules_belong_together():
    scripts = {path.name for path in (ROOT / "workflow/scripts").glob("*.py")}
    named = set(re.findall(r'"\.\./scripts/(\w+\.py)"', "".join(RULES.values())))
    # run by hand, before there is a sample sheet
    assert scripts - named == {"make_sample_sheet.py"}
