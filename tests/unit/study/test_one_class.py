"""A study of one class: what is filled in, and what is refused because it has no classifier."""

import copy
from pathlib import Path

import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import configuration, stages

SCHEMA = configuration.load_schema(
    Path(__file__).parents[3] / "workflow/schemas/config.schema.yaml"
)
NUCLEI = {
    "study": "s",
    "fields": "fields.tsv",
    "channels": ["dapi"],
    "composite": dict.fromkeys(("red", "green", "blue"), "dapi"),
    "annotations": {"format": "masks", "files": ["masks"], "label": "nucleus"},
    "classes": ["nucleus"],
}
DRAWN = {"candidates": {"source": "annotations"}}


def completed(**changes):
    return configuration.complete({**copy.deepcopy(NUCLEI), **changes}, SCHEMA, "test.yaml")


def test_one_class_is_enough_and_has_no_classifier():
    config = completed()
    assert config["negative_class"] == "nucleus"
    assert config["experiments"] == {}
    assert not config["label_errors"]["enabled"]
    assert completed(negative_class="nucleus")["experiments"] == {}
    needed = stages.of(config)
    assert {"detection", "calls", "statistics", "export", "report"} <= set(needed)
    assert not {"embedding", "labels_suspects"} & set(needed)
    assert not [name for name in needed if name.startswith("classification")]


def test_a_recorded_config_of_one_class_can_be_used_again():
    config = completed(**DRAWN)
    assert configuration.complete(config, SCHEMA, "config.yaml") == config


def test_shares_of_one_class_are_not_modelled():
    assert [test["test"] for test in completed()["statistics"]["tests"]] == ["welch", "student"]


def test_drawn_cells_of_one_class_are_counted_wherever_they_are():
    config = completed(**DRAWN)
    assert config["statistics"]["source"] == "labels"
    assert config["statistics"]["splits"] == ["train", "val", "test", "predict"]
    assert config["splits"]["near_duplicates"] == "allow"
    chosen = completed(**DRAWN, statistics={"splits": ["test"]})["statistics"]
    assert chosen["splits"] == ["test"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"experiments": {"main": {}}}, "experiments"),
        ({"calls": {"target": "nucleus"}}, "calls.target"),
        ({"calls": {"classifier_weight": "learnt"}}, "calls.classifier_weight"),
        ({"designs": {"learning_curve": {"experiments": ["main"]}}}, "designs"),
        ({"label_errors": {"enabled": True}}, "label_errors.enabled"),
        ({"embedding": {"experiments": ["main"]}}, "embedding.experiments"),
        ({"export": {"experiment": "main"}}, "export.experiment"),
    ],
)
def test_what_needs_a_classifier_is_refused_in_a_sentence(changes, key):
    with pytest.raises(StudyError, match=rf"test.yaml: {key} needs a classifier.*\(nucleus\)"):
        completed(**changes)


GEE = [{"test": "gee", "unit": "replicate"}]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"class_groups": {"all nuclei": ["nucleus"]}}, "class_groups"),
        ({"statistics": {"exclude_classes": ["nucleus"]}}, "statistics.exclude_classes"),
        ({"statistics": {"null_experiments": 9}}, "statistics.null_experiments"),
        ({"statistics": {"tests": GEE}}, r"statistics.tests \(gee\)"),
        ({"viability": {"enabled": True}}, "viability.enabled"),
        ({"candidates": {"source": "grid"}}, r"candidates.source \(grid\)"),
        ({"labels": {"source": "fluorescence"}}, r"labels.source \(fluorescence\)"),
    ],
)
def test_what_compares_classes_is_refused_in_a_sentence(changes, key):
    with pytest.raises(StudyError, match=f"test.yaml: {key} needs several classes.*nucleus only"):
        completed(**changes)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"statistics": {"source": "calls"}}, r"statistics.source \(calls\)"),
        ({"evaluation": {"by": ["condition"]}}, "evaluation.by"),
        ({"export": {"source": "cells"}}, r"export.source \(cells\)"),
        ({"export": {"count_clicks": True}}, "export.count_clicks"),
    ],
)
def test_without_any_network_nothing_is_found(changes, key):
    with pytest.raises(StudyError, match=f"test.yaml: {key} is about what networks find"):
        completed(**DRAWN, **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"experiments": {}}, "experiments"),
        ({"classes": []}, "classes has too few entries"),
    ],
)
def test_several_classes_need_a_classifier(changes, sentence):
    annotated = {**NUCLEI["annotations"], "label": "a"}
    with pytest.raises(StudyError, match=sentence):
        completed(**{"classes": ["a", "b"], "annotations": annotated, **changes})
