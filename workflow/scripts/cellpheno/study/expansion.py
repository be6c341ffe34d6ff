"""Expand designs, series of experiments that differ in one thing, into `experiments`.

An experiment with the same settings that exists already serves the design too.
"""

from collections.abc import Iterator

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.members import ALL, BACKBONES, CURVE, ONE, PATIENTS, UNKNOWN, WITHOUT, Member
from cellpheno.study.overrides import Config, experiment, merged


def expand(
    config: Config, fields: pd.DataFrame, source: str
) -> tuple[Config, dict[str, list[Member]]]:
    """Return the config with the experiments of its designs, and the members of each design.

    The config is complete; one that is expanded already stays as it is, so that a recorded config
    can be used again. `fields` is the sample sheet; messages call the config `source`.

    Raises a StudyError for an unknown experiment or column, and a name that another experiment has.
    """
    config = {**config, "experiments": dict(config["experiments"])}
    members: dict[str, list[Member]] = {}
    for design, settings in config["designs"].items():
        if settings is None:
            continue
        for base in settings["experiments"]:
            where = f"{source}: designs.{design}.experiments"
            check_known(base, list(config["experiments"]), where, "experiments")
        variants = list(VARIANTS[design](config, fields, source))
        members[design] = [
            Member(base, value, _trained_as(config, f"{base}.{name}", base, training, source))
            for base, value, name, training in variants
        ]
    return config, members


def added(config: Config) -> list[str]:
    """Return the experiments that only designs need, named `<experiment>.<variant>`.

    They are trained and evaluated on held-out fields, but do not classify the whole study.
    """
    designs = [settings for settings in config["designs"].values() if settings is not None]
    bases = tuple(f"{base}." for settings in designs for base in settings["experiments"])
    return [name for name in config["experiments"] if bases and name.startswith(bases)]


def _trained_as(config: Config, name: str, base: str, overrides: Config, source: str) -> str:
    """Return the experiment with these settings, added to the config if there is none."""
    given = merged(config["experiments"][base], overrides)
    wanted = merged(config["classification"], given)
    for other in config["experiments"]:
        if experiment(config, other) == wanted:
            return other
    if name in config["experiments"]:
        raise StudyError(
            f"{source}: experiments has an entry {name}, a name that a design needs for other "
            "settings; rename it."
        )
    config["experiments"][name] = given
    return name


Variants = Iterator[tuple[str, str, str, Config]]
"""Base, value, suffix of the name and overrides of each member."""


def _unknown(config: Config, fields: pd.DataFrame, source: str) -> Variants:
    settings = config["designs"][UNKNOWN]
    where = f"{source}: designs.{UNKNOWN}.class"
    check_known(settings["class"], config["classes"], where, "classes")
    counted_as = {"counted_as": settings["counted_as"]} if settings["counted_as"] else {}
    policies = list(settings["policies"])
    # the classifier trained without unknown cells guesses their classes
    if {"pseudo", "pseudo_confident"} & set(policies) and "drop" not in policies:
        policies.insert(0, "drop")
    # the policy that others wait for comes first
    for base in settings["experiments"]:
        for policy in policies:
            kept = policy == "keep"
            training = {"unknown": policy, "unknown_class": None if kept else settings["class"]}
            training |= counted_as if policy == "negative" else {}
            yield base, policy, policy, {"training": training}


def _patients(config: Config, fields: pd.DataFrame, source: str) -> Variants:
    settings = config["designs"][PATIENTS]
    column = settings["column"]
    names = patients(config, fields, source)
    for base in settings["experiments"]:
        if ALL in settings["train_on"]:
            yield base, ALL, ALL, {}
        for kind in (ONE, WITHOUT):
            for name in names if kind in settings["train_on"] else []:
                chosen = [name] if kind == ONE else [n for n in names if n != name]
                safe = "".join(letter if letter.isalnum() else "-" for letter in name)
                training = {"only": {column: chosen}}
                yield base, f"{kind} {name}", f"{kind}-{safe}", {"training": training}


def patients(config: Config, fields: pd.DataFrame, source: str) -> list[str]:
    """Return the patients of the design, in the order of the sample sheet.

    Raises a StudyError when the sheet lacks the column or names fewer than two patients.
    """
    settings = config["designs"][PATIENTS]
    column = settings["column"]
    if column not in fields.columns:
        raise StudyError(
            f"{source}: designs.patients.column is {column}, which the sample sheet "
            f"{config['fields']} lacks; add it there or name another."
        )
    there = fields[column].astype(str).drop_duplicates().tolist()
    wanted = settings["values"] or there
    for name in wanted:
        check_known(
            str(name), there, f"{source}: designs.patients.values", f"the values of {column}"
        )
    if len(wanted) < 2:
        raise StudyError(
            f"{source}: designs.patients needs two patients at least, but the column {column} of "
            f"{config['fields']} names {len(wanted)}."
        )
    return [str(name) for name in wanted]


def _learning_curve(config: Config, fields: pd.DataFrame, source: str) -> Variants:
    settings = config["designs"][CURVE]
    for base in settings["experiments"]:
        for share in sorted(settings["shares"]):
            value = f"{share:g}"
            yield base, value, f"share-{value}", {"training": {"share": share}}


def _backbones(config: Config, fields: pd.DataFrame, source: str) -> Variants:
    settings = config["designs"][BACKBONES]
    for base in settings["experiments"]:
        for name, overrides in settings["backbones"].items():
            model = {"backbone": name, **overrides.get("model", {})}
            yield base, name, name, {**overrides, "model": model}


VARIANTS = {
    UNKNOWN: _unknown,
    PATIENTS: _patients,
    CURVE: _learning_curve,
    BACKBONES: _backbones,
}
