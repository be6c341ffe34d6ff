"""Designs: what they add to the experiments of a config, and what they refuse."""

import copy
from pathlib import Path

import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import configuration, expansion, experiments

ROOT = Path(__file__).parents[3]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
SHEET = pd.DataFrame({"field": ["a", "b", "c"], "patient": ["06", "07", "08/x"]})


def expanded(default_config, designs, **changed):
    config = copy.deepcopy(default_config)
    config["calls"]["target"] = "partial"
    config.update({"designs": designs, **changed})
    config = configuration.complete(config, SCHEMA, "config.yaml")
    config, members = expansion.expand(config, SHEET, "config.yaml")
    config = configuration.complete(config, SCHEMA, "config.yaml")
    experiments.check(config, "config.yaml")
    return config, members


def trained(members):
    return {member.value: member.experiment for member in members}


def test_unknown_cells(default_config):
    design = {"experiments": ["main"], "class": "unclear"}
    config, members = expanded(default_config, {"unknown": design})
    assert trained(members["unknown"]) == {
        "drop": "main.drop",
        "pseudo": "main.pseudo",
        "pseudo_confident": "main.pseudo_confident",
        "negative": "main.negative",
        "keep": "main",  # the experiment itself
    }
    assert experiments.first_classifier(config, "main.pseudo") == "main.drop"
    assert expansion.added(config) == [
        "main.drop", "main.pseudo", "main.pseudo_confident", "main.negative",
    ]  # fmt: skip


def test_guesses_bring_the_classifier_that_guesses(default_config):
    design = {"experiments": ["main"], "class": "unclear", "policies": ["pseudo"]}
    config, _ = expanded(default_config, {"unknown": design})
    assert "main.drop" in expansion.added(config)


def test_patients(default_config):
    design = {"experiments": ["main"], "column": "patient"}
    config, members = expanded(default_config, {"patients": design})
    names = trained(members["patients"])
    assert names["all"] == "main"
    assert names["only 06"] == "main.only-06"
    assert names["without 08/x"] == "main.without-08-x"
    training = configuration.experiment(config, "main.without-08-x")["training"]
    assert training["only"] == {"patient": ["06", "07"]}
    assert training["validate_only"]


def test_the_published_choice_of_validation_is_a_switch(default_config):
    design = {"experiments": ["main"], "column": "patient"}
    config, _ = expanded(
        default_config, {"patients": design}, protocol="published", published_study="cca"
    )
    training = configuration.experiment(config, "main.only-06")["training"]
    assert not training["validate_only"]


def test_the_whole_training_set_of_the_curve_is_the_experiment_itself(default_config):
    design = {"experiments": ["main"], "shares": [1, 0.5, 0.05]}
    _, members = expanded(default_config, {"learning_curve": design})
    assert trained(members["learning_curve"]) == {
        "0.05": "main.share-0.05",
        "0.5": "main.share-0.5",
        "1": "main",
    }


def test_backbones_of_several_inputs(default_config):
    designs = {"backbones": {"experiments": ["main"], "backbones": {
        "resnet18": {}, "resnet50": {"training": {"epochs": 3}}}}}  # fmt: skip
    config, members = expanded(default_config, designs)
    assert trained(members["backbones"]) == {"resnet18": "main", "resnet50": "main.resnet50"}
    assert configuration.experiment(config, "main.resnet50")["training"]["epochs"] == 3


def test_an_expanded_config_stays_as_it_is(default_config):
    designs = {
        "unknown": {"experiments": ["main"], "class": "unclear"},
        "learning_curve": {"experiments": ["main"]},
    }
    once, members = expanded(default_config, designs)
    again, same = expansion.expand(once, SHEET, "config.yaml")
    assert again["experiments"] == once["experiments"]
    assert same == members


def test_crops_are_cut_once_for_all_experiments_that_see_the_same(default_config):
    config, _ = expanded(default_config, {"learning_curve": {"experiments": ["main"]}})
    names = expansion.added(config)
    assert {experiments.crops_as(config, name) for name in names} == {"main"}


@pytest.mark.parametrize(
    ("designs", "words"),
    [
        ({"unknown": {"experiments": ["mian"], "class": "unclear"}}, ["mian", "main"]),
        ({"unknown": {"experiments": ["main"], "class": "vague"}}, ["vague", "classes"]),
        ({"unknown": {"experiments": ["main"], "class": "non-CIC"}}, ["non-CIC", "negative"]),
        ({"patients": {"experiments": ["main"], "column": "donor"}}, ["donor", "lacks"]),
        (
            {"patients": {"experiments": ["main"], "column": "patient", "values": ["09"]}},
            ["09", "patient"],
        ),
        (
            {"backbones": {"experiments": ["main"], "backbones": {"resnet19": {}}}},
            ["resnet19", "backbone"],
        ),
    ],
)
def test_a_design_that_cannot_be_is_refused_in_one_sentence(default_config, designs, words):
    with pytest.raises(StudyError) as error:
        expanded(default_config, designs)
    assert all(word in str(error.value) for word in words), error.value


def test_a_name_that_a_design_needs_is_not_taken_silently(default_config):
    designs = {"learning_curve": {"experiments": ["main"], "shares": [0.5, 1]}}
    taken = {"main": {}, "main.share-0.5": {"training": {"epochs": 1}}}
    with pytest.raises(StudyError, match=r"main\.share-0\.5"):
        expanded(default_config, designs, experiments=taken)


def test_guesses_without_a_first_classifier_are_refused(default_config):
    own = {"training": {"unknown": "pseudo", "unknown_class": "unclear"}}
    with pytest.raises(StudyError, match="unknown: drop"):
        expanded(default_config, {}, experiments={"main": {}, "guessing": own})
