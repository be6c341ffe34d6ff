"""Times of several ways of doing one thing, taken turn by turn in one process."""

import dataclasses
import datetime
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Way = Callable[[], Any]


@dataclasses.dataclass
class Times:
    """Seconds that each turn took: of all threads on the CPU, and on the clock."""

    cpu: list[float] = dataclasses.field(default_factory=list)
    wall: list[float] = dataclasses.field(default_factory=list)


def alternate(
    ways: Mapping[str, Way],
    rounds: int,
    wait: Callable[[], None] = lambda: None,
    warm_up: bool = True,
    before: Callable[[], None] = lambda: None,
) -> tuple[dict[str, Times], dict[str, Any]]:
    """Take the time of every way, turn by turn, so that all meet the same load.

    Parameters
    ----------
    ways
        Name: what to do.
    rounds
        Timed turns of each way.
    wait
        Returns when a GPU has done all that it was asked for.
    warm_up
        Whether a first turn goes untimed.
    before
        What is done ahead of every turn, untimed.

    Returns
    -------
    dict, dict
        Name: times, and name: what the way returned last.
    """
    times = {name: Times() for name in ways}
    results: dict[str, Any] = {}
    for turn in range(rounds + warm_up):
        for name, way in ways.items():
            before()
            wait()
            began = time.perf_counter(), time.process_time()
            results[name] = way()
            wait()
            if turn >= warm_up:
                times[name].wall.append(time.perf_counter() - began[0])
                times[name].cpu.append(time.process_time() - began[1])
    return times, results


def machine() -> str:
    """Return what the numbers are taken on, in words: cores, processor, system."""
    cpuinfo = Path("/proc/cpuinfo")
    told = cpuinfo.read_text() if cpuinfo.exists() else ""
    cpu = told.partition("model name\t: ")[2].partition("\n")[0] or platform.processor()
    flags = [name for name in ("avx512_bf16", "amx_bf16") if name in told]
    which = f" ({', '.join(flags)})" if flags else ""
    return f"{os.cpu_count()} x {cpu}{which}, {platform.system()}"


def load() -> str:
    """Return how many tasks want a core, the mean of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One line of the result: a row of the scorecard, or a part of one.

    Attributes
    ----------
    row
        Name in the scorecard, such as C3.
    what
        The work, with its sizes.
    reference, ours
        What was compared.
    reference_ms, ours_ms
        What each took, by `clock`.
    goal
        The least ratio that was aimed at; None where the number itself is what is asked for.
    gate
        In what both must agree.
    measured
        What was found.
    holds
        Whether that is within the gate.
    clock
        `CPU, minimum` or `elapsed, median`.
    """

    row: str
    what: str
    reference: str
    reference_ms: float
    ours: str
    ours_ms: float
    goal: float | None
    gate: str
    measured: float
    holds: bool
    clock: str = "CPU, minimum"


def table(comparisons: list[Comparison], device: str) -> pd.DataFrame:
    """Return comparisons as a table, with ratio, machine and date."""
    frame = pd.DataFrame([dataclasses.asdict(each) for each in comparisons])
    frame["goal"] = frame["goal"].astype(float)
    ratio = frame["reference_ms"] / frame["ours_ms"]
    frame.insert(6, "ratio", ratio)
    reached = np.where(frame["goal"].isna(), "", np.where(ratio >= frame["goal"], "yes", "no"))
    frame.insert(8, "reached", reached)
    return frame.assign(
        device=device, machine=machine(), load=load(), date=datetime.date.today().isoformat()
    )
