"""Replace every `auto` of a config by what the rules choose, and say why."""

import copy
import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cellpheno.planning.choices import OF_CLASSIFIERS, OF_DETECTORS, Facts, Key, Rule, value
from cellpheno.study import named_weights
from cellpheno.study.overrides import AUTO, Config, detector, experiment
from cellpheno.tables.planning import PLAN

QUANTITIES = (
    "height of the largest field",
    "width of the largest field",
    "cells for training",
    "cells in the densest field",
    "side of a cell, smallest 10 %",
    "side of a cell, median",
    "side of a cell, largest 10 %",
    "overlap of neighbours, upper 1 %",
    "memory of the GPU",
    named_weights.fact("imagenet", named_weights.FOR_CPU),
    named_weights.fact("imagenet", named_weights.FOR_GPU),
    named_weights.fact("coco", "faster_rcnn"),
)
EXAMPLES: list[Facts] = [
    dict(zip(QUANTITIES, values, strict=True))
    for values in (
        (1000, 1300, 1000, 90, 60, 90, 120, 0.3, 0, 1, 1, 1),
        (9000, 7000, 90_000, 900, 30, 40, 200, 0.5, 80, 0, 0, 1),
    )
]
"""Two studies of no one, in which every rule chooses otherwise. What a config leads to in both
changes with everything that it sets by hand."""
HEADING = """\
# The settings that follow from the study's fields and cells, and the reason for each. To change
# one, write the key with another value into the config; what follows from it is chosen anew.
"""
Rows = list[tuple[str, str, str, str, str]]
"""Rows of tables.PLAN."""


def table(rows: Rows) -> pd.DataFrame:
    """Return tables.PLAN."""
    return pd.DataFrame(rows, columns=[column.name for column in PLAN.columns])


def as_yaml(rows: Rows) -> str:
    """Return the plan as a config: of the first detector and experiment, then how others differ."""
    first = {of.split("/")[0]: of for of, *_ in reversed(rows)}
    tree: dict[str, Any] = {}
    base = {key: chosen for of, key, chosen, *_ in rows if of in first.values()}
    for of, key, chosen, _, why in rows:
        parts = key.split(".")
        if of not in first.values():
            kind, name = of.split("/")
            entries = tree.setdefault(kind, {first[kind].split("/")[1]: {}})
            entries.setdefault(name, {})
            if base[key] == chosen:
                continue
            parts = [kind, name, *parts[1:]]
        section = tree
        for part in parts[:-1]:
            section = section.setdefault(part, {})
        section[parts[-1]] = f"{chosen} # {why}"
    return HEADING + "".join(_lines(tree, 0))


def _lines(tree: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, part in tree.items():
        indent = "  " * depth
        if isinstance(part, str):
            yield f"{indent}{key}: {part}\n"
        else:
            yield f"{indent}{key}:\n" if part else f"{indent}{key}: {{}}\n"
            yield from _lines(part, depth + 1)


def needed(config: Config) -> bool:
    """Return whether a key of the config is left to the plan."""
    sections = [(OF_DETECTORS, detector(config, name)) for name in detectors(config)]
    sections += [(OF_CLASSIFIERS, experiment(config, name)) for name in config["experiments"]]
    return any(
        value(config["tiles"] if key[0] == "tiles" else own, *key[1:]) == AUTO
        for rules, own in sections
        for key in rules
    )


def read_facts(path: str | Path) -> Facts:
    """Return the values of a fingerprint (tables.FINGERPRINT) by quantity.

    Raises a FileNotFoundError when it has not been taken yet.
    """
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {
        row["quantity"]: math.nan if row["value"] == "NA" else float(row["value"]) for row in rows
    }


def complete(config: Config, facts: Facts) -> tuple[Config, Rows]:
    """Return a config without `auto`, and who chose each value that a rule knows, and why.

    Every detector and every experiment has all keys of its section, as `study.overrides` gives
    them. Tiles follow from the first detector.
    """
    own = {key: dict(config[key]) for key in ("detectors", "experiments")}
    config = {**config, **own}
    table: dict[tuple[str, str], tuple[str, str, str]] = {}
    for name in detectors(config):
        settings = {"tiles": config["tiles"], "detection": detector(config, name)}
        settings = _chosen(settings, facts, OF_DETECTORS, f"detectors/{name}", table)
        config["tiles"], config["detectors"][name] = settings["tiles"], settings["detection"]
    for name in config["experiments"]:
        settings = {"classification": experiment(config, name)}
        settings = _chosen(settings, facts, OF_CLASSIFIERS, f"experiments/{name}", table)
        config["experiments"][name] = settings["classification"]
    return config, [(*key, *choice) for key, choice in table.items()]


def detectors(config: Config) -> list[str]:
    """Return the detectors that the study trains."""
    return list(config["detectors"]) if config["candidates"]["source"] == "detector" else []


def _chosen(
    settings: Config,
    facts: Facts,
    rules: Mapping[Key, Rule],
    of: str,
    table: dict[tuple[str, str], tuple[str, str, str]],
) -> Config:
    """Return a copy of the sections without `auto`, and add what the table lacks of them."""
    settings = copy.deepcopy(settings)
    for key, rule in rules.items():
        chosen, who, why = value(settings, *key), "config", "set in the config"
        if chosen == AUTO:
            chosen, why = rule(settings, facts)
            who = "plan"
            value(settings, *key[:-1])[key[-1]] = chosen
        row = ("study" if key[0] == "tiles" else of), ".".join(key)
        table.setdefault(row, (json.dumps(chosen), who, why))
    return settings
