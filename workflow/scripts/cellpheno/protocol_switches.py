"""What the published and the corrected protocol choose where a config does not."""

from collections.abc import Mapping
from typing import Any

SWITCHES: dict[str, dict[tuple[str, ...], Any]] = {
    "published": {
        ("calls", "rule"): "best_positive",
        ("classification", "training", "validation"): "cells",
        ("statistics", "tests"): [{"test": "student", "unit": "field", "correction": "none"}],
    },
    "corrected": {
        ("calls", "rule"): "argmax",
        ("classification", "training", "validation"): "fields",
        ("statistics", "tests"): [
            {"test": "welch", "unit": "replicate", "correction": "holm"},
            {"test": "gee", "unit": "replicate", "correction": "holm"},
            {"test": "student", "unit": "field", "correction": "none"},
        ],
    },
}
"""What each protocol chooses where the config does not (A8, A36, A37, A51)."""

STUDY_SWITCHES: dict[str, dict[str, dict[tuple[str, ...], Any]]] = {
    "cca": {
        "published": {
            ("detection", "model", "stem"): "random_frozen",
            ("classification", "model", "stem"): "random",
            ("composite", "bits"): "top_byte",
            ("detection", "model", "normalisation"): "none",
            ("classification", "model", "normalisation"): "none",
            ("classification", "training", "brightness", "kind"): "clipped",
            ("classification", "training", "validate_only"): False,
        },
        "corrected": {
            ("detection", "model", "stem"): "adapted",
            ("classification", "model", "stem"): "adapted",
            ("composite", "bits"): "all",
            ("detection", "model", "normalisation"): "matched",
            ("classification", "model", "normalisation"): "matched",
            ("classification", "training", "brightness", "kind"): "sound",
            ("classification", "training", "validate_only"): True,
        },
    },
}
"""By `published_study`: what its published protocol chooses beyond that.

In any other study the choice is the corrected one (C18, C19, C32, C42, C45 to C47).
"""


def chosen(config: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    """Return what the protocol chooses in this study, by key."""
    switches = dict(SWITCHES[config["protocol"]])
    for study, of_protocol in STUDY_SWITCHES.items():
        own = study == config["published_study"]
        switches |= of_protocol[config["protocol"] if own else "corrected"]
    return switches
