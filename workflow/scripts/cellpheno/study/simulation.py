"""The config's `simulation`: what a kind needs, what follows, and who annotates."""

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.annotations import annotators
from cellpheno.study.overrides import Config

PLANTED = "dead"
"""The class whose planted frequency is 1 - viability."""


def complete(config: Config, source: str) -> None:
    """Fill in, in place, the planted frequencies from each condition's mean viability over time.

    Raises a StudyError when the kind of simulation lacks a key, or its keys disagree on conditions
    and times.
    """
    if "simulation" not in config:
        return
    settings = config["simulation"]
    if settings["kind"] != "live_dead":
        if not settings["frequencies"]:
            raise StudyError(
                f"{source}: the key simulation.frequencies is missing; docs/configuration.md "
                "explains it."
            )
        return
    layer = settings["monolayer"]
    if not layer["viability"]:
        raise StudyError(
            f"{source}: the key simulation.monolayer.viability is missing, which a simulation of "
            "the kind live_dead needs; config/jimt1_example.yaml has one."
        )
    coverage = layer["coverage"] = _timed(layer["coverage"])
    viability = {name: _timed(times) for name, times in layer["viability"].items()}
    layer["viability"] = viability
    for condition, times in viability.items():
        for time in times:
            if time not in coverage:
                raise StudyError(
                    f"{source}: simulation.monolayer.viability/{condition} has the time {time}, "
                    "which simulation.monolayer.coverage lacks; add it there."
                )
    for condition in layer["treated"]:
        where = f"{source}: simulation.monolayer.treated"
        check_known(condition, list(viability), where, "simulation.monolayer.viability")
    settings["frequencies"] = {
        condition: {PLANTED: 1 - sum(times.values()) / len(times)}
        for condition, times in viability.items()
    }


def check(config: Config, source: str) -> None:
    """Refuse conditions that are not simulated, and annotators whose files are not read."""
    if "simulation" not in config:
        return
    settings = config["simulation"]
    known, where = list(settings["frequencies"]), f"{source}: simulation.annotated"
    if settings["kind"] == "cell_in_cell":
        check_known(settings["annotated"], known, where, "simulation.frequencies")
    for condition in settings["cell_lines"]:
        where = f"{source}: simulation.cell_lines"
        check_known(condition, known, where, "simulation.frequencies")
    if annotators(config):
        _check_annotators(config, source)


def _check_annotators(config: Config, source: str) -> None:
    """Refuse simulated annotators whose files are not read."""
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


def check_sheet(config: Config, fields: pd.DataFrame) -> None:
    """Refuse a simulation that does not fit the sample sheet or the classes.

    Raises a StudyError for a condition or a time without planted frequencies, frequencies of an
    unknown class or above 1, or a field with a fault that is not in the sheet or has two faults.
    """
    if "simulation" not in config:
        return
    settings = config["simulation"]
    for condition in fields["condition"].unique():
        if condition not in settings["frequencies"]:
            raise StudyError(
                f"The condition {condition} of {config['fields']} has no entry in "
                "simulation.frequencies; add one."
            )
    for condition, planted in settings["frequencies"].items():
        where = f"simulation.frequencies/{condition}"
        for name in planted:
            check_known(name, config["classes"], where, "classes")
        if sum(planted.values()) > 1:
            raise StudyError(
                f"{where} adds up to {sum(planted.values()):g}; lower it to 1 or less."
            )
    check_times(config, fields)
    faults: dict[str, str] = {}
    for fault, spoilt in settings["faults"].items():
        where = f"simulation.faults/{fault}"
        for field in spoilt:
            check_known(field, list(fields["field"]), where, f"the fields of {config['fields']}")
            if field in faults:
                raise StudyError(
                    f"{where} names the field {field}, which is {faults[field]} already; give each "
                    "field one fault."
                )
            faults[field] = fault


def check_times(config: Config, fields: pd.DataFrame) -> None:
    """Raise a StudyError for a sheet without the time column or with an unplanned time."""
    settings = config["simulation"]
    if settings["kind"] != "live_dead":
        return
    layer, sheet = settings["monolayer"], config["fields"]
    if layer["time"] not in fields:
        raise StudyError(
            f"simulation.monolayer.time is {layer['time']!r}, which is not a column of {sheet}; "
            f"those are {', '.join(fields.columns)}."
        )
    for field, condition, time in fields[["field", "condition", layer["time"]]].to_numpy():
        if time not in layer["viability"][condition]:
            raise StudyError(
                f"The field {field} in {sheet} has the {layer['time']} {time!r}, which "
                f"simulation.monolayer.viability/{condition} lacks; add it."
            )


def _timed(shares: dict[str, float]) -> dict[str, float]:
    return {time: float(share) for time, share in shares.items()}
