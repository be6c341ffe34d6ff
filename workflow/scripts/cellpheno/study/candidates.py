"""The config's `candidates` and `patch_filter`, and what follows from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.study.annotations import NONE
from cellpheno.study.overrides import Config


def follow(config: Config) -> None:
    """Set, in place, the defaults that depend on candidates and labels.

    A patch of the grid is the classifier's input as it is: it has no margin, loses no border and
    is not resized (L8). Without a detector there is no score to choose, and the crops for
    training are the candidates themselves. The config is the user's, before defaults are filled
    in; sections of the wrong type are left to the schema.
    """
    candidates = _section(config, "candidates")
    source = candidates.get("source", "detector")
    labels = _section(config, "labels")
    if labels.get("source") == "fluorescence":
        viability = config.setdefault("viability", {})
        if isinstance(viability, dict):
            viability.setdefault("enabled", True)
            viability.setdefault("class", labels.get("low_class", "live"))
        if source == "grid":
            config.setdefault("annotations", {"format": NONE})
    if source not in ("grid", "annotations"):
        return
    calls = config.setdefault("calls", {})
    crops = config.setdefault("classification", {})
    crops = crops.setdefault("crops", {}) if isinstance(crops, dict) else {}
    if isinstance(calls, dict) and isinstance(crops, dict):
        calls.setdefault("min_score", 0.0)
        crops.setdefault("source", "annotations")
        if source == "grid":
            crops.setdefault("margin", 0.0)
            crops.setdefault("border", 0.0)
            crops.setdefault("size", _section(candidates, "grid").get("size", 224))


def _section(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = config.get(name)
    return section if isinstance(section, dict) else {}


def check(config: Config, source: str) -> None:
    """Raise a StudyError for candidates and labels that contradict the rest of the config."""
    kind, labels = config["candidates"]["source"], config["labels"]
    drawn = config["annotations"]["format"] != NONE
    if labels["source"] == "annotations" and not drawn:
        raise StudyError(
            f"{source}: annotations.format is none, so no cell has a class; give annotations, or "
            "set labels.source to fluorescence."
        )
    if labels["source"] == "annotations" and kind == "grid":
        raise StudyError(
            f"{source}: candidates.source is grid, whose patches nobody has drawn; set "
            "labels.source to fluorescence."
        )
    if kind != "grid" and not drawn:
        raise StudyError(
            f"{source}: candidates.source is {kind}, which needs annotations, but "
            "annotations.format is none; give annotations, or set candidates.source to grid."
        )
    if kind == "grid" and drawn:
        raise StudyError(
            f"{source}: candidates.source is grid, which does not use annotations; set "
            "annotations.format to none and leave out its other keys."
        )
    if kind != "detector" and config["calls"]["min_score"] == "auto":
        raise StudyError(
            f"{source}: calls.min_score is auto, but without a detector there is no score to "
            "choose; leave it out."
        )
    if config["patch_filter"]["enabled"] and kind != "grid":
        raise StudyError(
            f"{source}: patch_filter.enabled is true, but the filter judges patches and "
            f"candidates.source is {kind}; set it to false, or candidates.source to grid."
        )
    if config["patch_filter"]["enabled"] and config["patch_filter"]["examples"] is None:
        raise StudyError(
            f"{source}: patch_filter.enabled is true without examples to learn from; set "
            "patch_filter.examples to a table of good and empty patches."
        )


def files(config: Config) -> dict[str, str | None]:
    """Return the input files that these sections name, by key, except those that a rule makes."""
    settings = config["patch_filter"]
    if not settings["enabled"]:
        return {}
    named = {"patch_filter.weights": settings["weights"]}
    if "simulation" not in config:
        examples = Path(config["data_root"]) / settings["examples"]
        named["patch_filter.examples"] = str(examples)
    return named
