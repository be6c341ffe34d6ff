"""A study's config: defaults filled in, and every mistake told before any compute."""

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cellpheno.core import weight_files
from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study import (
    candidate_settings,
    classifier_settings,
    config_values,
    detector_libraries,
    inputs,
    monolayer_settings,
    protocols,
)
from cellpheno.study.config_text import Key, Written
from cellpheno.study.schema_defaults import fill, refuse_misfits

Config = dict[str, Any]

RESERVED = {"field", "condition", "replicate", "group", "split", "verdict", "remark", "content"}
RESERVED |= {"pixel_size_um", "height", "width", "saturated_fraction", "focus", "rescale"}
"""Columns that a channel cannot be named after, nor a column of the user's own."""


def complete(
    config: Config,
    schema: Mapping[str, Any],
    source: str,
    written: Mapping[Key, Written] | None = None,
) -> Config:
    """Return the config with every default filled in.

    Parameters
    ----------
    config
        As the user wrote it.
    schema
        JSON schema (2020-12) whose `default` values fill what is missing; the keys that the
        protocol decides are filled from `protocol_switches`.
    source
        Where the config comes from, for messages.
    written
        How its values are written, of `config_text.read`.

    Raises
    ------
    StudyError
        For the first key that is unknown, missing or has a value that does not fit, and for
        names that refer to nothing: a class, a channel, an experiment's key.
    """
    config_values.check(config, written or {}, source)
    config = copy.deepcopy(config)
    candidate_settings.follow(config)
    fill(config, schema, schema)
    refuse_misfits(config, schema, source, written)
    monolayer_settings.complete(config, source)
    for path, value in protocols.chosen(config, source).items():
        section = config
        for key in path[:-1]:
            section = section[key]
        section.setdefault(path[-1], copy.deepcopy(value))
    _follow_composite(config)
    _check_names(config, source)
    _check_values(config, source)
    candidate_settings.check(config, source)
    part = {**schema["$defs"]["classification"], "$defs": schema["$defs"]}
    for name in config["experiments"]:
        where = f"{source}: experiments/{name}"
        refuse_misfits(experiment(config, name), part, where)
        classifier_settings.check(experiment(config, name), where)
    part = {**schema["properties"]["detection"], "$defs": schema["$defs"]}
    for name in config["detectors"]:
        where = f"{source}: detectors/{name}"
        refuse_misfits(detector(config, name), part, where)
        detector_libraries.check(detector(config, name), where)
    return config


def experiment(config: Config, name: str) -> Config:
    """Return the `classification` section with the overrides of one experiment."""
    return merged(config["classification"], config["experiments"][name])


def detector(config: Config, name: str) -> Config:
    """Return the `detection` section with the overrides of one detector."""
    return merged(config["detection"], config["detectors"][name])


def detected_classes(config: Config, name: str) -> list[str]:
    """Return the classes whose cells a detector learns to find and is measured by (C16)."""
    chosen = detector(config, name)["classes"]
    return list(config["classes"]) if chosen == "all" else list(chosen)


def trained_as(config: Config, name: str) -> str:
    """Return the first detector that is trained in the same way: one training serves them all."""
    wanted = detector(config, name)
    for other in config["detectors"]:
        same = detector(config, other)
        if all(same[part] == wanted[part] for part in ("input", "classes", "model", "training")):
            return other
    raise AssertionError(name)


def annotators(config: Config) -> list[Config]:
    """Return the `annotations` section of each annotator, the senior one first.

    What an entry of `further_annotators` leaves out it takes from the section itself.
    """
    settings = config["annotations"]
    if settings["format"] == candidate_settings.NONE:
        return []
    shared = {k: v for k, v in settings.items() if k not in ("further_annotators", "merge_iou")}
    return [shared, *({**shared, **further} for further in settings["further_annotators"])]


def check_libraries(config: Config, source: str) -> None:
    """Refuse a detector whose library is not installed, if the study has detectors at all."""
    if config["candidates"]["source"] == "detector":
        for name in config["detectors"]:
            where = f"{source}: detectors/{name}"
            detector_libraries.check_installed(detector(config, name), where)


def check_files(config: Config, folder: Path) -> None:
    """Refuse a config that names weights or annotations that are not there, or are its results.

    Annotations of a simulated study are made by the workflow and not looked for.

    Raises
    ------
    StudyError
        For the first file that is missing, with the key that names it.
    """
    named = {key: path for key, (path, _) in _weights(config).items()}
    named |= candidate_settings.files(config)
    if "simulation" not in config:
        for settings in annotators(config):
            for number, path in enumerate(settings["files"]):
                key = f"annotations.files.{number} (annotator {settings['annotator']})"
                named[key] = str(Path(config["data_root"]) / path)
    for key, path in named.items():
        if path is None:
            continue
        if not os.path.exists(folder / path):  # noqa: PTH110 - a Path raises for a name too long
            fetched = " or download it by `snakemake fetch`" if "fetch" in config else ""
            raise StudyError(
                f"The config key {key} names {path}, which is not there; correct it{fetched}."
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
    """Refuse files of weights that are something else, by their first bytes and their directory.

    Raises
    ------
    StudyError
        For the first such file, with the key that names it.
    """
    named = _weights(config)
    if config["patch_filter"]["enabled"]:
        named["patch_filter.weights"] = config["patch_filter"]["weights"], weight_files.TORCH
    for key, (path, kind) in named.items():
        if path is not None:
            weight_files.check(folder / path, kind, key)


def _weights(config: Config) -> dict[str, tuple[str | None, str]]:
    """Return the files of weights of detectors and classifiers, with their kind, by their key."""
    named: dict[str, tuple[str | None, str]] = {}
    for name in config["detectors"]:
        model = detector(config, name)["model"]
        where = f"(detector {name})"
        kind = weight_files.kind_of(model["backend"], model["weights"])
        named[f"detection.model.weights {where}"] = model["weights"], kind
        key = f"detection.model.backbone_weights {where}"
        named[key] = model["backbone_weights"], weight_files.TORCH
    for name in config["experiments"]:
        weights = experiment(config, name)["model"]["weights"]
        key = f"classification.model.weights (experiment {name})"
        named[key] = weights, weight_files.TORCH
    return named


def load_schema(path: str | Path) -> dict[str, Any]:
    """Read a JSON schema written as YAML."""
    return yaml.safe_load(Path(path).read_text())


def _follow_composite(config: Config) -> None:
    """Let the annotator's view show what the composite shows, where it is not told otherwise."""
    view = config["annotator_view"]
    for colour in ("red", "green", "blue"):
        view[colour] = view[colour] or config["composite"][colour]
    if view["filtered"] is None:
        view["filtered"] = list(config["channels"])


def _check_names(config: Config, source: str) -> None:
    classes = config["classes"]
    for name in [*classes, *config["class_groups"]]:
        if name in ("all", "NA"):
            raise StudyError(
                f"{source}: a class or group is named {name!r}, a word that the result tables "
                "use themselves; name it otherwise, and map what annotators wrote to that by "
                "annotations.rename."
            )
        if name != " ".join(name.split()) or not name:
            raise StudyError(
                f"{source}: the class or group {name!r} is empty or has stray blanks, which are "
                "taken off annotated names, so that it could not occur; write it without."
            )
    for channel in config["channels"]:
        if channel in RESERVED:
            raise StudyError(
                f"{source}: a channel is named {channel!r}, as a column of the sample sheet or of "
                "qc/fields.tsv is; rename it."
            )
    for channel in config["image_files"]["planes"]:
        check_known(channel, config["channels"], f"{source}: image_files.planes", "channels")
    check_known(config["negative_class"], classes, f"{source}: negative_class", "classes")
    for group, members in config["class_groups"].items():
        if group in classes:
            raise StudyError(
                f"{source}: class_groups has a group named {group}, as a class is; rename it."
            )
        for member in members:
            check_known(member, classes, f"{source}: class_groups/{group}", "classes")
    named = [*classes, *config["class_groups"]]
    for name in config["figures"]["colours"]:
        check_known(name, named, f"{source}: figures.colours", "classes and groups")
    target = config["calls"]["target"]
    if target is not None:
        check_known(target, classes, f"{source}: calls.target", "classes")
    for name in config["statistics"]["exclude_classes"]:
        check_known(name, classes, f"{source}: statistics.exclude_classes", "classes")
    for section in ("composite", "annotator_view"):
        for colour in ("red", "green", "blue"):
            where = f"{source}: {section}.{colour}"
            check_known(config[section][colour], config["channels"], where, "channels")
    for channel in config["annotator_view"]["filtered"]:
        where = f"{source}: annotator_view.filtered"
        check_known(channel, config["channels"], where, "channels")
    inputs.check(config, source)
    for name in config["detectors"]:
        where = f"{source}: detection.input (detector {name})"
        check_known(detector(config, name)["input"], inputs.names(config), where, "inputs")
        where = f"{source}: detection.classes (detector {name})"
        for chosen in detected_classes(config, name):
            check_known(chosen, classes, where, "classes")
    for name in config["experiments"]:
        where = f"{source}: classification.input (experiment {name})"
        check_known(experiment(config, name)["input"], inputs.names(config), where, "inputs")
    if config["export"]["experiment"] is not None:
        known, where = list(config["experiments"]), f"{source}: export.experiment"
        check_known(config["export"]["experiment"], known, where, "experiments")
    for name in config["embedding"]["experiments"]:
        known, where = list(config["experiments"]), f"{source}: embedding.experiments"
        check_known(name, known, where, "experiments")
    for settings in annotators(config):
        for written, meant in settings["rename"].items():
            check_known(meant, classes, f"{source}: annotations.rename/{written}", "classes")
        if settings["label"] is not None:
            label = settings["rename"].get(settings["label"], settings["label"])
            check_known(label, classes, f"{source}: annotations.label", "classes")


def _check_values(config: Config, source: str) -> None:
    """Refuse values that fit their own key but not each other."""
    ranges = {
        "composite.percentiles": config["composite"]["percentiles"],
        **{
            f"detection.training.scales (detector {name})": detector(config, name)["training"][
                "scales"
            ]
            for name in config["detectors"]
        },
    }
    ranges |= {f"composite.window.{k}": v for k, v in config["composite"]["window"].items()}
    for key, (low, high) in ranges.items():
        if low > high or (low == high and key.startswith("composite")):
            raise StudyError(f"{source}: {key} goes from {low} to {high}; put the lower one first.")
    if config["composite"]["rescale"] == "window":
        for channel in config["channels"]:
            if channel not in config["composite"]["window"]:
                raise StudyError(
                    f"{source}: composite.rescale is window, but composite.window has no entry "
                    f"for the channel {channel}; give it [low, high] in raw counts."
                )
    _check_annotations(config, source)
    _check_gpus(config, source)
    _check_downloads(config, source)
    settings = config["statistics"]
    if settings["null_experiments"] and settings["control"] is None:
        raise StudyError(
            f"{source}: statistics.null_experiments asks for false positives of the comparison "
            "with a control, but statistics.control is not set; name one, or set it to 0."
        )
    if settings["measures"] and all(test["test"] == "gee" for test in settings["tests"]):
        raise StudyError(
            f"{source}: statistics.measures are compared by t-tests, but statistics.tests has "
            "none; add one with test: welch or test: student."
        )
    for name in config["experiments"]:
        validation = experiment(config, name)["training"]["validation"]
        if validation == "cells" and config["evaluation"]["report_on"] == "val":
            raise StudyError(
                f"{source}: evaluation.report_on is val, but classification.training.validation is "
                f"cells (experiment {name}), which learns from most cells of val; set validation "
                "to fields, or report_on to test."
            )
    for name in config["detectors"]:
        model = detector(config, name)["model"]
        if model["weights"] and model["backbone_weights"]:
            raise StudyError(
                f"{source}: detection.model has weights for the whole detector and "
                f"backbone_weights (detector {name}); leave one of them out."
            )
    if "simulation" in config:
        settings = config["simulation"]
        known, where = list(settings["frequencies"]), f"{source}: simulation.annotated"
        if settings["kind"] == "cell_in_cell":
            check_known(settings["annotated"], known, where, "simulation.frequencies")
        for condition in settings["cell_lines"]:
            where = f"{source}: simulation.cell_lines"
            check_known(condition, known, where, "simulation.frequencies")


def _check_gpus(config: Config, source: str) -> None:
    """Refuse batches that the GPUs of a training cannot share evenly."""
    gpus = config["compute"]["gpus_per_training"]
    batches = {
        f"{section}.training.batch_size ({what} {name})": settings(config, name)["training"]
        for section, what, settings, names in (
            ("detection", "detector", detector, config["detectors"]),
            ("classification", "experiment", experiment, config["experiments"]),
        )
        for name in names
    }
    for key, training in batches.items():
        if training["batch_size"] % gpus:
            raise StudyError(
                f"{source}: compute.gpus_per_training is {gpus}, which does not divide {key} of "
                f"{training['batch_size']} evenly; change one of them."
            )


def _check_downloads(config: Config, source: str) -> None:
    """Refuse files of which nothing is known that could show a wrong or an endless one."""
    known = ("size", "md5", "sha256", "git_blob", "max_size")
    for entry in config.get("fetch", {}).get("files", []):
        if all(entry[key] is None for key in known):
            raise StudyError(
                f"{source}: fetch.files tells nothing by which {entry['url']} could be checked; "
                "give its size, md5, sha256 or git_blob, or at least max_size, the bytes that it "
                "may have at most."
            )


def _check_annotations(config: Config, source: str) -> None:
    """Refuse annotations whose format lacks what it needs, or is given what it has itself."""
    names = [settings["annotator"] for settings in annotators(config)]
    for settings in annotators(config):
        where = f"{source}: annotations of {settings['annotator']}"
        kind, column = settings["format"], settings["label_column"]
        given = settings["label"] is not None or column is not None
        if len(names) > 1 and settings["annotator"] in ("the model", "the truth"):
            raise StudyError(
                f"{where} have a name that metrics/human_model.tsv uses itself; rename them."
            )
        if names.count(settings["annotator"]) > 1:
            raise StudyError(f"{where} stand twice; give every annotator a name of their own.")
        if kind == "sheet" and (column is None or settings["files"]):
            raise StudyError(
                f"{where} have the format sheet, which takes the class from the column "
                "annotations.label_column of the sample sheet and has no files; set the one and "
                "leave the other out."
            )
        if kind != "sheet" and not settings["files"]:
            raise StudyError(f"{where} name no files; give them in annotations.files.")
        if kind in ("masks", "object_masks") and not given:
            raise StudyError(
                f"{where} are masks, which hold no class; give annotations.label, or the column of "
                "the sample sheet that tells it in annotations.label_column."
            )
        if settings["label"] is not None and column is not None:
            raise StudyError(
                f"{where} have both label and label_column; the class comes from one of them."
            )
        if given and kind not in ("masks", "object_masks", "csv", "sheet"):
            raise StudyError(
                f"{where} have the format {kind}, which holds the classes itself; leave out label "
                "and label_column."
            )
        for name in set(settings["ignore"]) & set(settings["rename"]):
            raise StudyError(f"{where} both ignore and rename {name!r}; do one of them.")
    if "simulation" in config and names:
        _check_simulated_annotators(config, source)


def _check_simulated_annotators(config: Config, source: str) -> None:
    """Refuse a simulation whose annotators are not among those whose files are read."""
    senior, *others = annotators(config)
    names = [senior["annotator"], *(settings["annotator"] for settings in others)]
    further = {settings["annotator"]: settings for settings in others}
    drawing = [senior]
    for entry in config["simulation"]["annotators"]:
        where = f"{source}: simulation.annotators"
        check_known(entry["name"], names, where, "annotators")
        for label in entry["classes"]:
            where = f"{source}: simulation.annotators ({entry['name']}).classes"
            check_known(label, config["classes"], where, "classes")
        if entry["name"] != senior["annotator"]:
            drawing.append(further[entry["name"]])
    formats = {settings["format"] for settings in drawing}
    if formats == {"sheet"}:
        return
    if formats not in ({"via"}, {"voc"}):
        raise StudyError(
            f"{source}: a simulated study has annotations of the format via or voc, the same for "
            "every simulated annotator, or sheet; set one."
        )
    files = [tuple(settings["files"]) for settings in drawing]
    if any(len(own) != 1 for own in files) or len(set(files)) < len(files):
        raise StudyError(
            f"{source}: {', '.join(each['annotator'] for each in drawing)} are simulated, each "
            "with a file of their own (voc: a folder); correct annotations.files and "
            "annotations.further_annotators."
        )


def merged(base: Config, override: Config) -> Config:
    """Return a section with overrides: of nested sections key by key."""
    result = dict(base)
    for key, value in override.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result
