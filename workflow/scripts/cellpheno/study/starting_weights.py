"""Networks that start from files of weights, by the library that builds them."""

from typing import Any

from cellpheno.study import inputs, overrides
from cellpheno.study.overrides import Config

Models = dict[str, dict[str, Any]]
"""Name of a network: the section `model` that describes it."""


def networks(
    config: Config, classifiers: list[str], detectors: list[str]
) -> dict[str, tuple[Models, dict[str, list[Any]]]]:
    """Return classifiers, and detectors with their channels, that start from weights, by library.

    Parameters
    ----------
    config
        Complete.
    classifiers, detectors
        Those that are trained, by name.
    """
    models = {name: overrides.experiment(config, name)["model"] for name in classifiers}
    if config["patch_filter"]["enabled"]:
        given = {"backbone": "resnet18", "weights": config["patch_filter"]["weights"]}
        models["patch_filter.weights"] = {**config["classification"]["model"], **given}
    models = {name: model for name, model in models.items() if model["weights"]}
    found: dict[str, tuple[Models, dict[str, list[Any]]]] = {}
    if models:
        found["torchvision"] = (models, {})
    for name in detectors:
        settings = overrides.detector(config, name)
        model = settings["model"]
        if model["weights"] or model["backbone_weights"]:
            channels = inputs.channels(config, settings["input"])
            found.setdefault(model["backend"], ({}, {}))[1][name] = [model, channels]
    return found


def files(classifiers: Models, detectors: dict[str, list[Any]]) -> list[str]:
    """Return the files of weights of the networks of a library."""
    models = [*classifiers.values(), *(model for model, _ in detectors.values())]
    named = [model.get(key) for model in models for key in ("weights", "backbone_weights")]
    return [path for path in named if path]
