"""Which rule files a study needs."""

import pytest
from rule_list import ROOT

from cellpheno.study import configuration, stages


@pytest.fixture
def config(default_config):
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    return configuration.complete(default_config, schema, "config.yaml")


def test_every_stage_is_a_rule_file(config):
    files = {path.stem for path in (ROOT / "workflow/rules").glob("*.smk")}
    assert set(stages.of(config)) <= files


def test_the_default_study_simulates_detects_and_compares(config):
    needed = set(stages.of(config))
    assert {"simulation", "detection", "detection_compared", "labels_suspects"} <= needed
    assert not {"fetch", "candidates", "labels", "target", "statistics_viability"} & needed


def test_claims_and_report_read_what_all_others_have_registered(config):
    assert stages.of(config)[-2:] == ["report_claims", "report"]


@pytest.mark.parametrize(
    ("section", "key", "value", "more", "less"),
    [
        ("candidates", "source", "grid", {"candidates"}, {"detection", "detection_compared"}),
        ("labels", "source", "fluorescence", {"labels", "labels_figures"}, set()),
        ("patch_filter", "enabled", True, {"candidates_filter"}, set()),
        ("label_errors", "enabled", False, set(), {"labels_suspects"}),
        ("annotations", "label_column", "condition", set(), {"labels_suspects"}),
        ("calls", "target", "one-in-one", {"target", "target_designs", "target_figures"}, set()),
        ("viability", "enabled", True, {"statistics_viability"}, set()),
    ],
)
def test_a_key_brings_its_rule_files(config, section, key, value, more, less):
    before = set(stages.of(config))
    config[section][key] = value
    after = set(stages.of(config))
    assert more <= after - before
    assert less <= before - after


def test_only_a_simulated_monolayer_has_simulated_examples_of_patches(config):
    config["patch_filter"]["enabled"] = True
    assert "simulation_patches" not in stages.of(config)
    config["simulation"]["kind"] = "live_dead"
    assert "simulation_patches" in stages.of(config)
    # rules that would make the same files as a user's
    del config["simulation"]
    assert not {"simulation", "simulation_patches", "statistics_planted"} & set(stages.of(config))
