"""The config's sections on candidates and their labels: what follows from them, and mistakes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known

Config = dict[str, Any]

NONE = "none"
"""`annotations.format` of a study in which nobody has drawn anything."""


def follow(config: Config) -> None:
    """Set, in place, what follows from candidates and labels where the config leaves it open.

    A patch of the grid is the classifier's input as it is: it has no margin, loses no border and
    crosses the resizing unchanged (L8). Without a detector no score has to be chosen, and the
    crops that are learned from are the candidates themselves.

    Parameters
    ----------
    config
        As the user wrote it, before defaults are filled in; sections of a wrong kind are left to
        the schema.
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
    """Refuse candidates and labels that do not fit each other or the rest of the config.

    Parameters
    ----------
    config
        Complete.
    source
        Where the config comes from, for messages.

    Raises
    ------
    StudyError
        For the first such key.
    """
    kind, labels = config["candidates"]["source"], config["labels"]
    drawn = config["annotations"]["format"] != NONE
    if labels["source"] == "annotations" and not drawn:
        raise StudyError(
            f"{source}: annotations.format is none, so that nothing tells a cell's class; give "
            "annotations, or set labels.source to fluorescence."
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
            f"{source}: candidates.source is grid, with which annotations are not read; set "
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
            f"{source}: patch_filter.enabled is true without examples to learn from; give "
            "patch_filter.examples, a table of patches that are good and empty."
        )
    viability = config["viability"]
    if viability["enabled"]:
        check_known(viability["class"], config["classes"], f"{source}: viability.class", "classes")
    if labels["source"] == "fluorescence":
        _check_fluorescence(config, source)
    elif config["statistics"]["source"] == "labels" and kind == "detector":
        raise StudyError(
            f"{source}: statistics.source is labels, but fields that nobody has annotated have "
            "none; set it to calls, or candidates.source to annotations."
        )


def _check_fluorescence(config: Config, source: str) -> None:
    labels = config["labels"]
    if labels["channel"] is None:
        raise StudyError(
            f"{source}: labels.source is fluorescence, but labels.channel names no channel; name "
            f"the stain, one of {', '.join(config['channels'])}."
        )
    check_known(labels["channel"], config["channels"], f"{source}: labels.channel", "channels")
    for key in ("low_class", "high_class"):
        check_known(labels[key], config["classes"], f"{source}: labels.{key}", "classes")
    if labels["low_class"] == labels["high_class"]:
        raise StudyError(
            f"{source}: labels.low_class and labels.high_class are both {labels['low_class']}; "
            "name two classes."
        )
    masks = config["annotations"]["format"] in ("masks", "object_masks")
    if labels["within"] == "mask" and not masks:
        raise StudyError(
            f"{source}: labels.within is mask, but annotations.format is "
            f"{config['annotations']['format']}, which holds no masks; set labels.within to box."
        )
    if labels["within"] == "mask" and config["annotations"]["pixel_scale"] != 1:
        raise StudyError(
            f"{source}: labels.within is mask, but the masks have another size than the fields "
            "(annotations.pixel_scale); give masks of full size, or set labels.within to box."
        )
    if labels["within"] == "mask" and config["annotations"]["further_annotators"]:
        raise StudyError(
            f"{source}: labels.within is mask, which is read from one annotator's masks alone; "
            "leave out annotations.further_annotators."
        )
    if len(labels["fit_on"]) > 1:
        raise StudyError(
            f"{source}: labels.fit_on names {len(labels['fit_on'])} columns of the sample sheet; "
            "name one, with the values of the fields to fit on."
        )


def files(config: Config) -> dict[str, str | None]:
    """Return the files that these sections name, by their key; those that a rule makes are not."""
    settings = config["patch_filter"]
    if not settings["enabled"]:
        return {}
    named = {"patch_filter.weights": settings["weights"]}
    if "simulation" not in config:
        examples = Path(config["data_root"]) / settings["examples"]
        named["patch_filter.examples"] = str(examples)
    return named


def check_sheet(config: Config, columns: Mapping[str, Any]) -> None:
    """Refuse columns and values of these sections that the sample sheet does not know.

    Parameters
    ----------
    config
        Complete.
    columns
        The sample sheet: column to values.

    Raises
    ------
    StudyError
        For the first column or value.
    """
    sheet, time = config["fields"], config["viability"]["time"]
    if config["viability"]["enabled"] and time is not None:
        names = [str(name) for name in columns]
        check_known(time, names, "viability.time", f"the columns of {sheet}")
        for word in {"all", "NA"} & set(columns[time]):
            raise StudyError(
                f"{sheet} has {word!r} in the column {time} (viability.time), a word that the "
                "result tables use themselves; write another."
            )
    for column, values in config["labels"]["fit_on"].items():
        names = [str(name) for name in columns]
        check_known(column, names, "labels.fit_on", f"the columns of {sheet}")
        known = sorted(set(columns[column]))
        for value in values:
            check_known(value, known, f"labels.fit_on/{column}", f"the values of {sheet}")


def trained_on(config: Config) -> dict[str, str]:
    """Return what each experiment is trained on: values of `training.only`, or `all`."""
    found = {}
    for name in config["experiments"]:
        values = [value for part in _only(config, name).values() for value in part]
        found[name] = ", ".join(map(str, values)) or "all"
    return found


def data_set_column(config: Config) -> str:
    """Return the column of the sample sheet whose values are data sets to be tested on.

    It is that of `training.only` where an experiment has one, or of `labels.fit_on`, or else the
    condition.
    """
    for name in config["experiments"]:
        for column in _only(config, name):
            return str(column)
    return next(iter(config["labels"]["fit_on"]), "condition")


def _only(config: Config, experiment: str) -> dict[str, Any]:
    """Return `training.only` of an experiment, which may override that of all."""
    shared = config["classification"]["training"].get("only") or {}
    own = _section(config["experiments"][experiment], "training").get("only")
    return shared if own is None else own
