"""Checks for contradictions between the settings of a classifier."""

from collections.abc import Mapping, Sequence
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study import inputs, named_weights
from cellpheno.study.overrides import Config, experiment

INCEPTION = "inception_v3"
SMALLEST, SMALLEST_WITH_AUXILIARY = 75, 299
"""Smallest crops, px, for Inception-v3 without and with its auxiliary head."""
WITHOUT_BATCH_NORM = ("squeezenet", "swin", "convnext")
"""Prefixes of the backbones without batch normalisation."""


def check(config: Config, source: str) -> None:
    """Refuse classifiers whose keys contradict each other or name what the study lacks."""
    for name in config["experiments"]:
        settings = experiment(config, name)
        where = f"{source}: classification.input (experiment {name})"
        check_known(settings["input"], inputs.names(config), where, "inputs")
        _check(settings, f"{source}: experiments/{name}")
        validation = settings["training"]["validation"]
        if validation == "cells" and config["evaluation"]["report_on"] == "val":
            raise StudyError(
                f"{source}: evaluation.report_on is val, but classification.training.validation is "
                f"cells (experiment {name}), which learns from most cells of val; set validation "
                "to fields, or report_on to test."
            )


def _check(settings: Config, where: str) -> None:
    model, size = settings["model"], settings["crops"]["size"]
    if settings["crops"]["shape"] == "stretched" and settings["crops"]["border"]:
        raise StudyError(
            f"{where}: classification.crops.border is cut from the padded square, but crops.shape "
            "is stretched; set border to 0, or shape to padded."
        )
    named_weights.check(model, f"{where}: classification.model")
    if model["frozen_batch_norm"] and model["weights"] is None:
        raise StudyError(
            f"{where}: classification.model.frozen_batch_norm is true without weights, so there "
            "are no statistics to freeze; give weights, or set it to false."
        )
    if model["auxiliary_loss"] and model["backbone"] != INCEPTION:
        raise StudyError(
            f"{where}: classification.model.auxiliary_loss is {model['auxiliary_loss']}, but "
            f"{model['backbone']} has no auxiliary head, only {INCEPTION} has one; set it to 0."
        )
    normalises = not model["backbone"].startswith(WITHOUT_BATCH_NORM)
    if settings["training"]["batch_size"] < 2 and normalises and not model["frozen_batch_norm"]:
        raise StudyError(
            f"{where}: classification.training.batch_size is 1, but {model['backbone']} "
            "normalises over the batch, which needs at least 2 crops; set it to 2 or more."
        )
    smallest = SMALLEST_WITH_AUXILIARY if model["auxiliary_loss"] else SMALLEST
    if model["backbone"] == INCEPTION and size < smallest:
        head = " with its auxiliary head" if model["auxiliary_loss"] else ""
        raise StudyError(
            f"{where}: {INCEPTION}{head} needs crops of at least {smallest} px, but "
            f"classification.crops.size is {size}; increase it."
        )
    low, high = settings["training"]["blur"]["kernel"]
    if low > high:
        raise StudyError(
            f"{where}: classification.training.blur.kernel goes from {low} to {high}; put the "
            "lower value first."
        )


def may_lack(training: Mapping[str, Any], classes: Sequence[str]) -> list[str]:
    """Return the annotated classes that may have no cell in a classifier's training set."""
    if training["share"] < 1 or training["only"]:
        return list(classes)
    dropped = training["unknown"] != "keep" and training["unknown_class"] is not None
    return [str(training["unknown_class"])] if dropped else []


def must_learn(trainings: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> list[str]:
    """Return the classes of which some classifier needs a cell in the split `train`.

    Classifiers that divide cells, not fields, between training and validation need none: they
    also train on cells of `val`.
    """
    needed = [
        set(classes) - set(may_lack(training, classes))
        for training in trainings
        if training["validation"] == "fields"
    ]
    return [name for name in classes if any(name in each for each in needed)]
