"""Networks that start from files of weights, by the library that builds them."""

from collections.abc import Iterable, Mapping
from typing import Any

from cellpheno.study import inputs, named_weights, overrides
from cellpheno.study.overrides import Config

Models = dict[str, dict[str, Any]]
"""Name of a network: the section `model` that describes it."""
OfLibrary = tuple[Models, dict[str, list[Any]]]
"""Classifiers, and detectors with their channels."""


def networks(config: Config, classifiers: list[str], detectors: list[str]) -> dict[str, OfLibrary]:
    """Return classifiers, and detectors with their channels, that start from weights, by library.

    Parameters
    ----------
    config
        Complete.
    classifiers, detectors
        Those that are trained, by name.
    """
    study = config["study"]
    models = {name: overrides.experiment(config, name)["model"] for name in classifiers}
    if config["patch_filter"]["enabled"]:
        given = {"backbone": "resnet18", "weights": config["patch_filter"]["weights"]}
        models["patch_filter.weights"] = {**config["classification"]["model"], **given}
    models = {
        name: named_weights.resolved(model, study)
        for name, model in models.items()
        if model["weights"]
    }
    found: dict[str, OfLibrary] = {}
    if models:
        found["torchvision"] = (models, {})
    for name in detectors:
        settings = overrides.detector(config, name)
        model = named_weights.resolved(settings["model"], study)
        if model["weights"] or model["backbone_weights"]:
            channels = inputs.channels(config, settings["input"])
            found.setdefault(model["backend"], ({}, {}))[1][name] = [model, channels]
    return found


def files(models: Iterable[Mapping[str, Any]], study: str) -> list[str]:
    """Return the files of weights of networks, and the folder of those that have names."""
    given = [model.get(key) for model in models for key in ("weights", "backbone_weights")]
    named = [named_weights.folder(study)] if any(map(named_weights.is_name, given)) else []
    return [*(path for path in given if path and not named_weights.is_name(path)), *named]


def of_library(networks: OfLibrary, study: str) -> list[str]:
    """Return the files of weights of the networks of a library."""
    classifiers, detectors = networks
    return files([*classifiers.values(), *(model for model, _ in detectors.values())], study)
