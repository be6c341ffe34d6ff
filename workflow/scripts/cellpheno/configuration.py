"""A study's config: defaults filled in, and every mistake told before any compute."""

import copy
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from cellpheno.errors import StudyError

Config = dict[str, Any]

RESERVED = {"field", "condition", "replicate", "group", "split", "verdict", "content"}
"""Columns that a channel cannot be named after."""

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
            {"test": "student", "unit": "field", "correction": "none"},
        ],
    },
}
"""What each protocol chooses where the config does not (A8, A36, A37, A51)."""


def complete(config: Config, schema: Mapping[str, Any], source: str) -> Config:
    """Return the config with every default filled in.

    Parameters
    ----------
    config
        As the user wrote it.
    schema
        JSON schema (2020-12) whose `default` values fill what is missing; the keys that the
        protocol decides are filled from `SWITCHES`.
    source
        Where the config comes from, for messages.

    Raises
    ------
    StudyError
        For the first key that is unknown, missing or has a value that does not fit, and for
        names that refer to nothing: a class, a channel, an experiment's key.
    """
    config = copy.deepcopy(config)
    _fill(config, schema, schema)
    _refuse_misfits(config, schema, source)
    for path, value in SWITCHES[config["protocol"]].items():
        section = config
        for key in path[:-1]:
            section = section[key]
        section.setdefault(path[-1], copy.deepcopy(value))
    _check_names(config, source)
    _check_values(config, source)
    part = {**schema["$defs"]["classification"], "$defs": schema["$defs"]}
    for name in config["experiments"]:
        _refuse_misfits(experiment(config, name), part, f"{source}: experiments/{name}")
    return config


def experiment(config: Config, name: str) -> Config:
    """Return the `classification` section with the overrides of one experiment."""
    return _merged(config["classification"], config["experiments"][name])


def check_files(config: Config, folder: Path) -> None:
    """Refuse a config that names weights or annotations that are not there.

    Annotations of a simulated study are made by the workflow and not looked for.

    Raises
    ------
    StudyError
        For the first file that is missing, with the key that names it.
    """
    named = {"detection.model.weights": config["detection"]["model"]["weights"]}
    for name in config["experiments"]:
        weights = experiment(config, name)["model"]["weights"]
        named[f"classification.model.weights (experiment {name})"] = weights
    if "simulation" not in config:
        for number, path in enumerate(config["annotations"]["files"]):
            named[f"annotations.files.{number}"] = str(Path(config["data_root"]) / path)
    for key, path in named.items():
        if path is not None and not (folder / path).exists():
            raise StudyError(f"The config key {key} names {path}, which is not there; correct it.")


def load_schema(path: str | Path) -> dict[str, Any]:
    """Read a JSON schema written as YAML."""
    return yaml.safe_load(Path(path).read_text())


def _fill(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> None:
    """Fill the defaults of a schema into a value, in place, and order its keys as the schema does.

    Snakemake takes a section whose keys stand in another order for a changed one.
    """
    schema = _resolved(schema, root)
    if isinstance(value, list):
        for item in value:
            _fill(item, schema.get("items", {}), root)
    if not isinstance(value, dict):
        return
    for key, part in schema.get("properties", {}).items():
        part = _resolved(part, root)
        if key not in value and "default" in part:
            value[key] = copy.deepcopy(part["default"])
        if key in value:
            value[key] = value.pop(key)
            _fill(value[key], part, root)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with its reference into `$defs` followed; its own keys win."""
    if "$ref" not in schema:
        return dict(schema)
    target = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _refuse_misfits(config: Config, schema: Mapping[str, Any], source: str) -> None:
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    error = min(
        errors, key=lambda e: (len(e.absolute_path), list(map(str, e.absolute_path))), default=None
    )
    if error is None:
        return
    key = ".".join(map(str, error.absolute_path))
    within = f"{key}." if key else ""
    if error.validator == "additionalProperties" and isinstance(
        error.schema.get("properties"), dict
    ):
        known = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        raise StudyError(
            f"{source}: the key {within}{unknown} is not known{_suggestion(unknown, known)}."
        )
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        raise StudyError(
            f"{source}: the key {within}{missing} is missing; config.yaml explains it."
        )
    raise StudyError(f"{source}: the key {key} has a value that does not fit: {error.message}.")


def _check_names(config: Config, source: str) -> None:
    classes = config["classes"]
    for name in [*classes, *config["class_groups"]]:
        if name in ("all", "NA"):
            raise StudyError(
                f"{source}: a class or group is named {name!r}, a word that the result tables "
                "use themselves; rename it."
            )
    for channel in config["channels"]:
        if channel in RESERVED:
            raise StudyError(
                f"{source}: a channel is named {channel!r}, as a column of the sample sheet or of "
                "qc/fields.tsv is; rename it."
            )
    check_known(config["negative_class"], classes, f"{source}: negative_class", "classes")
    for group, members in config["class_groups"].items():
        if group in classes:
            raise StudyError(
                f"{source}: class_groups has a group named {group}, as a class is; rename it."
            )
        for member in members:
            check_known(member, classes, f"{source}: class_groups/{group}", "classes")
    for name in config["statistics"]["exclude_classes"]:
        check_known(name, classes, f"{source}: statistics.exclude_classes", "classes")
    for colour in ("red", "green", "blue"):
        check_known(
            config["composite"][colour],
            config["channels"],
            f"{source}: composite.{colour}",
            "channels",
        )
    for written, meant in config["annotations"]["rename"].items():
        check_known(meant, classes, f"{source}: annotations.rename/{written}", "classes")


def _check_values(config: Config, source: str) -> None:
    """Refuse values that fit their own key but not each other."""
    ranges = {
        "composite.percentiles": config["composite"]["percentiles"],
        "detection.training.scales": config["detection"]["training"]["scales"],
    }
    ranges |= {f"composite.window.{k}": v for k, v in config["composite"]["window"].items()}
    for key, (low, high) in ranges.items():
        if low > high:
            raise StudyError(f"{source}: {key} goes from {low} to {high}; put the lower one first.")
    if config["composite"]["rescale"] == "window":
        for channel in {config["composite"][colour] for colour in ("red", "green", "blue")}:
            if channel not in config["composite"]["window"]:
                raise StudyError(
                    f"{source}: composite.rescale is window, but composite.window has no entry "
                    f"for the channel {channel}; give it [low, high] in raw counts."
                )
    if "simulation" in config:
        settings = config["simulation"]
        known, where = list(settings["frequencies"]), f"{source}: simulation.annotated"
        check_known(settings["annotated"], known, where, "simulation.frequencies")
    for name in config["experiments"]:
        model = experiment(config, name)["model"]
        if model["frozen_batch_norm"] and model["weights"] is None:
            raise StudyError(
                f"{source}: classification.model.frozen_batch_norm is true without weights "
                f"(experiment {name}), which would freeze statistics of nothing; give weights, "
                "or set it to false."
            )


def check_known(name: str, known: list[str], where: str, what: str) -> None:
    """Raise a StudyError that names the nearest known name when `name` is not known."""
    if name not in known:
        raise StudyError(
            f"{where} names {name!r}, which is not among {what}{_suggestion(name, known)}."
        )


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    if close:
        return f"; {close[0]} is the nearest that is"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"; known are {shown}"


def _merged(base: Config, override: Config) -> Config:
    merged = dict(base)
    for key, value in override.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
