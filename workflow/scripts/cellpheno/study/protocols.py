"""The config values that the published and the corrected protocol choose."""

from collections.abc import Mapping
from typing import Any

from cellpheno.core.errors import StudyError

Choices = dict[tuple[str, ...], Any]
"""Values by the path of their key in the config."""

CORRECTED: Choices = {
    ("calls", "rule"): "argmax",
    ("classification", "model", "normalisation"): "matched",
    ("classification", "model", "stem"): "adapted",
    ("classification", "training", "brightness", "kind"): "sound",
    ("classification", "training", "validate_only"): True,
    ("classification", "training", "validation"): "fields",
    ("composite", "bits"): "all",
    ("composite", "rescale"): "percentile",
    ("detection", "inference", "min_objectness"): 0.05,
    ("detection", "inference", "proposals_after_nms"): None,
    ("detection", "inference", "proposals_before_nms"): None,
    ("detection", "model", "normalisation"): "matched",
    ("detection", "model", "stem"): "adapted",
    ("detection", "training", "flips"): "both",
    ("detection", "training", "max_gradient_norm"): 5.0,
    ("statistics", "design"): "auto",
    ("statistics", "of_training_groups"): "exclude",
    ("statistics", "tests"): [
        {"test": "welch", "unit": "replicate", "correction": "holm"},
        {"test": "gee", "unit": "replicate", "correction": "holm"},
        {"test": "student", "unit": "field", "correction": "none"},
    ],
}
"""Choices of `protocol: corrected`, and of everything that a published protocol leaves open."""

OWN: Choices = {("composite", "rescale"): "auto"}
"""Differing choices of a study that is none of the published ones."""

PUBLISHED: dict[str, Choices] = {
    "aim_cics": {  # A8, A14, A16, A18, A36, A37, A51
        ("calls", "rule"): "best_positive",
        ("classification", "training", "validation"): "cells",
        ("detection", "inference", "min_objectness"): 0.0,
        ("detection", "inference", "proposals_after_nms"): 1000,
        ("detection", "inference", "proposals_before_nms"): 4000,
        ("detection", "training", "max_gradient_norm"): None,
        ("statistics", "design"): "independent",
        ("statistics", "of_training_groups"): "warn",
        ("statistics", "tests"): [{"test": "student", "unit": "field", "correction": "none"}],
    },
    "cca": {  # C17 to C21, C32, C42, C45 to C47
        ("classification", "model", "normalisation"): "none",
        ("classification", "model", "stem"): "random",
        ("classification", "training", "brightness", "kind"): "clipped",
        ("classification", "training", "validate_only"): False,
        ("composite", "bits"): "top_byte",
        ("detection", "inference", "min_objectness"): 0.0,
        ("detection", "inference", "proposals_after_nms"): 1000,
        ("detection", "inference", "proposals_before_nms"): 1000,
        ("detection", "model", "normalisation"): "none",
        ("detection", "model", "stem"): "random_frozen",
        ("detection", "training", "flips"): "horizontal",
        ("detection", "training", "max_gradient_norm"): None,
        ("statistics", "design"): "independent",
        ("statistics", "of_training_groups"): "warn",
    },
    "jimt1": {
        ("statistics", "design"): "independent",
        ("statistics", "of_training_groups"): "warn",
    },
}
"""Differing choices of `protocol: published`, by `published_study`."""


def chosen(config: Mapping[str, Any], source: str) -> Choices:
    """Return the values that the protocol chooses, by key.

    Raises a StudyError when `protocol` is published but `published_study` is not set.
    """
    study = config["published_study"]
    if config["protocol"] == "corrected":
        return CORRECTED if study else CORRECTED | OWN
    if study is None:
        raise StudyError(
            f"{source}: protocol is published, but published_study does not say whose protocol "
            f"that is; set it to one of {', '.join(PUBLISHED)}, or set protocol to corrected."
        )
    return CORRECTED | PUBLISHED[study]
