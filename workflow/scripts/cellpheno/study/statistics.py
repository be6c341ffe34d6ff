"""The config's `statistics`: which fields are compared, by which tests."""

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.overrides import Config


def check(config: Config, source: str) -> None:
    """Refuse tests that lack what they compare."""
    settings = config["statistics"]
    for name in settings["exclude_classes"]:
        check_known(name, config["classes"], f"{source}: statistics.exclude_classes", "classes")
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
    if settings["design"] == "paired" and all(
        test["unit"] != "replicate" for test in settings["tests"]
    ):
        raise StudyError(
            f"{source}: statistics.design is paired, but no entry of statistics.tests has the "
            "replicate as unit, and only replicates have partners; add one, or set design to auto."
        )
    nobody = config["candidates"]["source"] == "detector"
    nobody = nobody and config["labels"]["source"] == "annotations"
    if settings["source"] == "labels" and nobody:
        raise StudyError(
            f"{source}: statistics.source is labels, but fields that nobody has annotated have "
            "none; set it to calls, or candidates.source to annotations."
        )


def check_sheet(config: Config, fields: pd.DataFrame) -> None:
    """Raise a StudyError for comparisons with an unknown condition or with fewer than two units."""
    settings, sheet = config["statistics"], config["fields"]
    known = {*fields["condition"], *config.get("simulation", {}).get("frequencies", {})}
    for name in settings["exclude_conditions"]:
        where = "statistics.exclude_conditions"
        check_known(name, sorted(known), where, f"the conditions of {sheet}")
    if settings["control"] is None:
        return
    taking_part = compared(config, fields)
    conditions = sorted(taking_part["condition"].unique())
    if not conditions:
        raise StudyError(
            f"statistics.control is {settings['control']!r}, but no field of {sheet} lies in "
            f"statistics.splits ({', '.join(settings['splits'])}); name the splits of the fields "
            "to compare, or set statistics.control to null."
        )
    if settings["control"] not in conditions:
        raise StudyError(
            f"statistics.control is {settings['control']!r}, which is not a condition in {sheet}; "
            f"name one of {', '.join(map(repr, conditions))}, or leave the key out if nothing is "
            "compared."
        )
    if settings["design"] == "paired":
        _check_blocks(settings["control"], taking_part, sheet)
    for test in settings["tests"]:
        unit = test["unit"]
        counts = taking_part.groupby("condition")[unit].nunique()
        for condition, count in counts[counts < 2].items():
            raise StudyError(
                f"The condition {condition} has {count} {unit} in {sheet}, but the {test['test']} "
                f"test by {unit} needs at least 2; add some, change the unit in statistics.tests, "
                "give fields that take no part another split in the sheet, or leave "
                "statistics.control out if nothing is compared."
            )


def _check_blocks(control: str, fields: pd.DataFrame, sheet: str) -> None:
    """Raise a StudyError for a condition that shares fewer than two replicates with control."""
    replicates = fields.groupby("condition")["replicate"].agg(set)
    for condition, names in replicates.drop(control).items():
        shared = len(names & replicates[control])
        if shared < 2:
            raise StudyError(
                f"statistics.design is paired, but {condition} and {control} have {shared} "
                f"replicate names in common in {sheet}, and a paired test needs at least 2; give "
                "replicates of one day one name, or set design to auto."
            )


def compared(config: Config, fields: pd.DataFrame) -> pd.DataFrame:
    """Return the fields that the sheet allows to take part in the comparison."""
    splits = config["statistics"]["splits"]
    chosen = fields[fields["split"].isin(["", *splits])]
    chosen = chosen[~chosen["condition"].isin(config["statistics"]["exclude_conditions"])]
    if "simulation" in config and splits == ["predict"]:
        chosen = chosen[chosen["condition"] != config["simulation"]["annotated"]]
    return chosen
