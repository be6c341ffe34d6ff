"""The config's `labels` from a stain, and the `viability` that is estimated from them."""

from collections.abc import Mapping
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.overrides import Config, experiment


def check(config: Config, source: str) -> None:
    """Refuse labels that nothing gives, and classes that the study does not have."""
    viability, labelled = config["viability"], config["labels"]["source"] == "fluorescence"
    if viability["enabled"]:
        check_known(viability["class"], config["classes"], f"{source}: viability.class", "classes")
    if labelled:
        _check_fluorescence(config, source)


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
            f"{source}: labels.within is mask, which reads one annotator's masks only; "
            "leave out annotations.further_annotators."
        )
    if len(labels["fit_on"]) > 1:
        raise StudyError(
            f"{source}: labels.fit_on names {len(labels['fit_on'])} columns of the sample sheet; "
            "name one, with the values of the fields to fit on."
        )


def check_sheet(config: Config, columns: Mapping[str, Any]) -> None:
    """Raise a StudyError for columns and values of these sections that the sheet lacks."""
    sheet, time = config["fields"], config["viability"]["time"]
    if config["viability"]["enabled"] and time is not None:
        names = [str(name) for name in columns]
        check_known(time, names, "viability.time", f"the columns of {sheet}")
        for word in {"all", "NA"} & set(columns[time]):
            raise StudyError(
                f"{sheet} has {word!r} in the column {time} (viability.time), a reserved word of "
                "the result tables; write another."
            )
    for column, values in config["labels"]["fit_on"].items():
        names = [str(name) for name in columns]
        check_known(column, names, "labels.fit_on", f"the columns of {sheet}")
        known = sorted(set(columns[column]))
        for value in values:
            check_known(value, known, f"labels.fit_on/{column}", f"the values of {sheet}")


def trained_on(config: Config) -> dict[str, str]:
    """Return the training data of each experiment: values of `training.only`, or `all`."""
    found = {}
    for name in config["experiments"]:
        only = experiment(config, name)["training"]["only"]
        values = [value for part in only.values() for value in part]
        found[name] = ", ".join(map(str, values)) or "all"
    return found


def data_set_column(config: Config) -> str:
    """Return the column of the sample sheet whose values are data sets to be tested on.

    It is the column of `training.only` or of `labels.fit_on`, or else the condition.
    """
    for name in config["experiments"]:
        for column in experiment(config, name)["training"]["only"]:
            return str(column)
    return next(iter(config["labels"]["fit_on"]), "condition")
