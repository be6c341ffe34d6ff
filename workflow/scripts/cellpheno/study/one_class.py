"""A study whose cells are all of one class, so that it needs no classifier."""

from collections.abc import Sequence

from cellpheno.core.errors import StudyError
from cellpheno.study.overrides import Config
from cellpheno.study.protocols import Choices

TESTS = ("statistics", "tests")


def follow(config: Config) -> None:
    """Set, in place, the defaults of a study of one class.

    Without a detector either, its cells are those that people have drawn: they are counted, and no
    split keeps fields apart, because nothing is learned. The config is the user's, before defaults
    are filled in; values of the wrong type are left to the schema.
    """
    classes = config.get("classes")
    if not isinstance(classes, list) or len(classes) != 1:
        return
    config.setdefault("experiments", {})
    defaults: dict[str, Config] = {"label_errors": {"enabled": False}}
    candidates = config.get("candidates")
    if isinstance(candidates, dict) and candidates.get("source") == "annotations":
        defaults["statistics"] = {"source": "labels", "splits": ["train", "val", "test", "predict"]}
        defaults["splits"] = {"near_duplicates": "allow"}
        defaults["export"] = {"source": "annotations"}
    for name, values in defaults.items():
        section = config.setdefault(name, {})
        if isinstance(section, dict):
            for key, value in values.items():
                section.setdefault(key, value)


def without_shares(classes: Sequence[str], chosen: Choices) -> Choices:
    """Return what the protocol chooses, less the model of shares if there is only one class."""
    if len(classes) > 1:
        return chosen
    return {**chosen, TESTS: [test for test in chosen[TESTS] if test["test"] != "gee"]}


def check(config: Config, source: str) -> None:
    """Refuse what needs a classifier, or several classes, where there is one class."""
    if len(config["classes"]) > 1:
        return
    calls, statistics = config["calls"], config["statistics"]
    needs = {
        "experiments": config["experiments"],
        "designs": any(settings is not None for settings in config["designs"].values()),
        "calls.target": calls["target"] is not None,
        "calls.classifier_weight": calls["classifier_weight"] == "learnt",
        "label_errors.enabled": config["label_errors"]["enabled"],
        "embedding.experiments": config["embedding"]["experiments"],
        "export.experiment": config["export"]["experiment"],
    }
    for key in (key for key, asked in needs.items() if asked):
        raise StudyError(
            f"{source}: {key} needs a classifier, but a study of one class ({_name(config)}) has "
            "none; leave the key out, or name further classes."
        )
    compares = {
        "candidates.source (grid)": config["candidates"]["source"] == "grid",
        "labels.source (fluorescence)": config["labels"]["source"] == "fluorescence",
        "viability.enabled": config["viability"]["enabled"],
        "class_groups": config["class_groups"],
        "statistics.exclude_classes": statistics["exclude_classes"],
        "statistics.null_experiments": statistics["null_experiments"],
        "statistics.tests (gee)": any(test["test"] == "gee" for test in statistics["tests"]),
    }
    for key in (key for key, asked in compares.items() if asked):
        raise StudyError(
            f"{source}: {key} needs several classes, but `classes` names {_name(config)} only; "
            "leave the key out, or name further classes."
        )
    if config["candidates"]["source"] == "detector":
        return
    measures = {
        "statistics.source (calls)": statistics["source"] == "calls",
        "evaluation.by": config["evaluation"]["by"],
        "export.source (cells)": config["export"]["source"] == "cells",
        "export.count_clicks": config["export"]["count_clicks"],
    }
    for key in (key for key, asked in measures.items() if asked):
        raise StudyError(
            f"{source}: {key} is about what networks find, but with one class and "
            "candidates.source: annotations there are none; leave the key out."
        )


def _name(config: Config) -> str:
    return str(config["classes"][0])
