"""The config's `simulation` of a monolayer of live and dead cells: what it needs, what follows."""

from typing import Any

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known

PLANTED = "dead"
"""The class whose planted frequency is 1 - viability."""


def complete(config: dict[str, Any], source: str) -> None:
    """Fill the planted frequencies of a monolayer from its viability, in place.

    Times are made text, as the sample sheet has them: YAML reads `3:` as a number. The frequency
    of a condition is that of its mean over times.

    Raises
    ------
    StudyError
        For a simulation without what its kind needs, and for a condition or a time that only one
        of its keys knows.
    """
    if "simulation" not in config:
        return
    settings = config["simulation"]
    if settings["kind"] != "live_dead":
        if not settings["frequencies"]:
            raise StudyError(
                f"{source}: the key simulation.frequencies is missing; config.yaml explains it."
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


def check_times(config: dict[str, Any], fields: pd.DataFrame) -> None:
    """Refuse a sample sheet with a time for which nothing is planted.

    Raises
    ------
    StudyError
        For a sheet without the column of times, and for the first field of an unknown time.
    """
    settings = config["simulation"]
    if settings["kind"] != "live_dead":
        return
    layer, sheet = settings["monolayer"], config["fields"]
    if layer["time"] not in fields:
        raise StudyError(
            f"simulation.monolayer.time is {layer['time']!r}, which is no column of {sheet}; "
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
