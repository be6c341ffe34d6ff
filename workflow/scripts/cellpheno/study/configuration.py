"""Complete and check the config of a study."""

import copy
import itertools
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cellpheno.core import weight_files
from cellpheno.core.errors import Mistakes, Several, StudyError
from cellpheno.study import (
    annotations,
    calls,
    candidates,
    classes,
    classification,
    composite,
    compute,
    config_values,
    detection,
    experiments,
    fetch,
    inputs,
    labels,
    named_weights,
    one_class,
    protocols,
    simulation,
    statistics,
)
from cellpheno.study.annotations import annotators
from cellpheno.study.config_text import LOADER, Key, Written
from cellpheno.study.overrides import Config, detector, experiment
from cellpheno.study.schema_defaults import (
    Misfits,
    fill,
    refuse_misfits,
    resolved,
    with_defaults,
)

CHECKS = (
    classes.check,
    one_class.check,
    calls.check,
    composite.check,
    inputs.check,
    experiments.check_named,
    annotations.check,
    compute.check,
    fetch.check,
    statistics.check,
    detection.check,
    simulation.check,
    candidates.check,
    labels.check,
    classification.check,
)
"""The checks of each section of a complete config."""


def complete(
    config: Config,
    schema: Mapping[str, Any],
    source: str,
    written: Mapping[Key, Written] | None = None,
) -> Config:
    """Return the checked config with every default filled in.

    The JSON schema (2020-12) gives the defaults, except those that the protocol decides.
    `written` comes from `config_text.read`; messages call the config `source`.

    Raises a StudyError with all mistakes: keys that are unknown, missing or invalid, and names of
    unknown classes, channels or other entries.
    """
    config_values.check(config, written or {}, source)
    config = copy.deepcopy(config)
    try:
        checked = _fill(config, schema, source, written)
    except Misfits as found:
        # the other keys are checked without these, where that can be done
        if _leave_out(config, found.keys, schema):
            try:
                complete(config, schema, source, written)
            except StudyError as others:
                left_out = [config_values.shown(key) for key in found.keys]
                raise Several([found, others], but=left_out) from None
        raise
    mistakes = Mistakes()
    for check in CHECKS:
        with mistakes:
            check(checked, source)
    mistakes.refuse()
    return config


def _leave_out(config: Config, keys: Collection[Key], schema: Mapping[str, Any]) -> bool:
    """Take keys, or the lists that they are in, out of a config; return whether it needs none."""
    for key in keys:
        section, part = config, schema
        names = [str(name) for name in itertools.takewhile(lambda name: type(name) is str, key)]
        for name in names[:-1]:
            section = section.get(name, {})
            part = resolved(part, schema).get("properties", {}).get(name, {})
        needed = resolved(part, schema).get("required", ())
        if not names or names[-1] in needed or names[-1] not in section:
            return False
        del section[names[-1]]
    return True


def _fill(
    config: Config, schema: Mapping[str, Any], source: str, written: Mapping[Key, Written] | None
) -> Config:
    """Fill in every default, in place; return the config with values for what is planned."""
    one_class.follow(config)
    candidates.follow(config)
    classes.follow(config)
    # what a simulation or a paper is about has its own values
    own = config.get("published_study") is None and "simulation" not in config
    fill(config, schema, schema, own=own)
    refuse_misfits(with_defaults(config, schema, schema), schema, source, written)
    simulation.complete(config, source)
    chosen = one_class.without_shares(config["classes"], protocols.chosen(config, source))
    for path, value in chosen.items():
        section = config
        for key in path[:-1]:
            section = section[key]
        section.setdefault(path[-1], copy.deepcopy(value))
    composite.follow(config)
    checked = with_defaults(config, schema, schema)
    entries = ("experiments", "classification", experiment), ("detectors", "detection", detector)
    for key, name_of_part, with_overrides in entries:
        part = {**schema["properties"][name_of_part], "$defs": schema["$defs"]}
        for name, override in config[key].items():
            checked[key][name] = with_defaults(override, part, part)
            refuse_misfits(with_overrides(checked, name), part, source, within=(key, name))
    return checked


def check_sheet(config: Config, fields: pd.DataFrame) -> None:
    """Refuse a config with names that the sample sheet does not have.

    Raises a StudyError for each section with such a column, condition or other value, or with a
    comparison that lacks fields.
    """
    mistakes = Mistakes()
    for section in (annotations, labels, experiments, statistics, simulation):
        with mistakes:
            section.check_sheet(config, fields)
    mistakes.refuse()


def check_files(config: Config, folder: Path) -> None:
    """Raise a StudyError with all weights or annotations that are missing or the study's results.

    Annotations of a simulated study are skipped, because the workflow makes them.
    """
    named = {key: path for key, (path, _) in _weights(config).items()}
    named |= candidates.files(config)
    if "simulation" not in config:
        for settings in annotators(config):
            for number, path in enumerate(settings["files"]):
                key = f"annotations.files.{number} (annotator {settings['annotator']})"
                named[key] = str(Path(config["data_root"]) / path)
    mistakes = Mistakes()
    for key, path in named.items():
        if path is not None:
            with mistakes:
                _check_file(config, key, path, folder)
    mistakes.refuse()


def _check_file(config: Config, key: str, path: str, folder: Path) -> None:
    if not os.path.exists(folder / path):  # noqa: PTH110 - a Path raises for a name too long
        fetched = " or download it by `snakemake fetch`" if "fetch" in config else ""
        raise StudyError(
            f"The config key {key} names {path}, which does not exist; correct it{fetched}."
        )
    if not (os.path.isfile(folder / path) or os.path.isdir(folder / path)):  # noqa: PTH112, PTH113
        raise StudyError(
            f"The config key {key} names {path}, which is a device or a pipe; name a file."
        )
    exports = folder / "results" / config["study"] / "export"
    if (folder / path).resolve().is_relative_to(exports.resolve()):
        raise StudyError(
            f"The config key {key} names {path}, which `snakemake export` makes from the "
            "study's own results and replaces; copy it elsewhere and name the copy."
        )


def check_weights(config: Config, folder: Path) -> None:
    """Raise a StudyError for files that are not weights, without loading them."""
    named = _weights(config)
    if config["patch_filter"]["enabled"]:
        named["patch_filter.weights"] = config["patch_filter"]["weights"], weight_files.TORCH
    for key, (path, kind) in named.items():
        if path is not None:
            weight_files.check(folder / path, kind, key)


def _weights(config: Config) -> dict[str, tuple[str | None, str]]:
    """Return the weight files of detectors and classifiers and their formats, by key."""
    named: dict[str, tuple[str | None, str]] = {}
    for name in config["detectors"]:
        model = detector(config, name)["model"]
        where = f"(detector {name})"
        kind = weight_files.kind_of(model["backend"], model["weights"])
        named[f"detection.model.weights {where}"] = named_weights.own_file(model["weights"]), kind
        key = f"detection.model.backbone_weights {where}"
        named[key] = named_weights.own_file(model["backbone_weights"]), weight_files.TORCH
    for name in config["experiments"]:
        weights = experiment(config, name)["model"]["weights"]
        key = f"classification.model.weights (experiment {name})"
        named[key] = named_weights.own_file(weights), weight_files.TORCH
    return named


def load_schema(path: str | Path) -> dict[str, Any]:
    """Read a JSON schema written as YAML."""
    return LOADER(Path(path).read_text()).get_single_data()  # safe, and faster than safe_load
