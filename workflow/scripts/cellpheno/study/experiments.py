"""Relations between experiments: shared crops, and classifiers that label unknown cells."""

from collections.abc import Mapping, Sequence

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.overrides import Config, experiment

GUESSED = ("pseudo", "pseudo_confident")


def crops_as(config: Config, name: str) -> str:
    """Return the first experiment with the same crops, which are cut once for all of them."""
    wanted = experiment(config, name)
    for other in config["experiments"]:
        same = experiment(config, other)
        if all(same.get(part) == wanted.get(part) for part in ("input", "crops")):
            return other
    raise AssertionError(name)


def guesses(config: Config, name: str) -> bool:
    """Return whether the experiment trains on classes that another classifier guessed."""
    return experiment(config, name)["training"]["unknown"] in GUESSED


def first_classifier(config: Config, name: str) -> str | None:
    """Return the experiment that differs only in dropping unknown cells, or None."""
    wanted = experiment(config, name)
    wanted = {**wanted, "training": {**wanted["training"], "unknown": "drop"}}
    same = (o for o in config["experiments"] if experiment(config, o) == wanted)
    return next(same, None)


def check_named(config: Config, source: str) -> None:
    """Refuse experiments that other sections name and nobody has defined."""
    named = {"export.experiment": [config["export"]["experiment"]]}
    named["embedding.experiments"] = config["embedding"]["experiments"]
    for key, names in named.items():
        for name in filter(None, names):
            check_known(name, list(config["experiments"]), f"{source}: {key}", "experiments")


def check(config: Config, source: str) -> None:
    """Raise a StudyError for designs, weights and unknown-cell policies that lack what they need.

    Guesses need a first classifier and confident ones a target class; the unknown class must be
    neither the target nor the class that it is counted as.
    """
    target = config["calls"]["target"]
    if target is None and config["calls"]["classifier_weight"] == "learnt":
        raise StudyError(
            f"{source}: calls.classifier_weight is learnt, which needs a target class; set "
            "calls.target, or give a number."
        )
    if target is None and any(settings is not None for settings in config["designs"].values()):
        raise StudyError(
            f"{source}: designs are measured by how well cells of calls.target are found, but that "
            "is not set; name a class."
        )
    for name in config["experiments"]:
        training = experiment(config, name)["training"]
        where = f"{source}: classification.training.unknown_class (experiment {name})"
        if training["unknown_class"] is not None:
            unknown, classes = training["unknown_class"], config["classes"]
            check_known(unknown, classes, where, "classes")
        if training["unknown"] == "keep":
            continue
        if training["unknown_class"] is None:
            raise StudyError(
                f"{where} is not set, but `unknown` is {training['unknown']}; name the class."
            )
        if training["unknown_class"] == target:
            raise StudyError(
                f"{where} is {target}, the target class; name the class of cells that nobody knows."
            )
        if training["unknown"] == "negative":
            check_counted_as(config, training, f"{source}: experiment {name}")
        if training["unknown"] == "pseudo_confident" and target is None:
            raise StudyError(
                f"{source}: classification.training.unknown is pseudo_confident (experiment "
                f"{name}), which looks for cells of calls.target; set that key."
            )
        if guesses(config, name) and first_classifier(config, name) is None:
            raise StudyError(
                f"{source}: classification.training.unknown is {training['unknown']} (experiment "
                f"{name}), which needs the guesses of a classifier that was trained without "
                "unknown cells; add an experiment that differs only in `unknown: drop`."
            )


def check_sheet(config: Config, columns: Mapping[str, Sequence[str]]) -> None:
    """Raise a StudyError for a column or value of `training.only` that the sheet lacks."""
    sheet = config["fields"]
    for name in config["experiments"]:
        only = experiment(config, name)["training"]["only"]
        for column, values in (only or {}).items():
            where = f"classification.training.only (experiment {name})"
            names = [str(known) for known in columns]
            check_known(column, names, where, f"the columns of {sheet}")
            known = sorted(set(columns[column]))
            for value in values:
                check_known(value, known, where, f"the column {column} of {sheet}")


def check_counted_as(config: Config, training: Config, where: str) -> None:
    """Refuse to count unknown cells as an unknown class or as their own class."""
    key = "classification.training.counted_as"
    counted_as = training["counted_as"] or config["negative_class"]
    check_known(counted_as, config["classes"], f"{where}, {key}", "classes")
    if counted_as == training["unknown_class"]:
        raise StudyError(
            f"{where} counts unknown cells as {counted_as}, which is the unknown class itself; set "
            f"{key} to the class of ordinary cells."
        )
