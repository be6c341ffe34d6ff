"""Choose the structures of a field and their places."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cellpheno.core import randomness
from cellpheno.simulation.cells import build
from cellpheno.simulation.kind import Plan, Row, fault_of
from cellpheno.simulation.structures import CellLine, Structure

_TRIES = 60
"""Places tried for a structure before the emptiest is taken."""

_CLOSEST, _FURTHEST = 0.9, 1.0
"""Range of the distance of touching neighbours, relative to the sum of their radii."""


def planted_frequencies(
    planted: Mapping[str, float],
    spread: float,
    seed: int,
    condition: str,
    replicate: str,
    day_spread: float = 0.0,
) -> dict[str, float]:
    """Return the frequency of each subtype in one replicate.

    The condition's frequencies `planted` are shifted on the logit scale in the same way for all
    fields of a replicate: with the standard deviation `spread` by the replicate's own shift, and
    with `day_spread` by one that replicates of its name share under all conditions.
    """
    rng = randomness.generator(seed, "replicate", condition, replicate)
    of_day = randomness.generator(seed, "day", replicate)
    shifted = {}
    for label in sorted(planted):
        shift = np.exp(rng.normal(0.0, spread) + of_day.normal(0.0, day_spread))
        frequency = planted[label]
        shifted[label] = float(frequency * shift / (1 - frequency + frequency * shift))
    excess = max(1.0, sum(shifted.values()))
    return {label: shifted[label] / excess for label in planted}


def draw_labels(
    frequencies: Mapping[str, float], negative_class: str, count: int, rng: np.random.Generator
) -> list[str]:
    """Draw the class of each of `count` structures; the rest to 1 is the negative class."""
    rest = max(0.0, 1.0 - sum(frequencies.values()))
    labels = [*sorted(frequencies), negative_class]
    chances = np.array([*(frequencies[label] for label in labels[:-1]), rest])
    return [labels[n] for n in rng.choice(len(labels), size=count, p=chances / chances.sum())]


def planted_labels(
    row: Row, plan: Plan, cells_per_field: float, rng: np.random.Generator
) -> list[str]:
    """Draw the number of structures in a field, of the given mean, and the class of each.

    A field with the fault `empty` has none, any other at least one.
    """
    frequencies = planted_frequencies(
        plan.settings["frequencies"][row["condition"]],
        plan.settings["replicate_spread"],
        plan.seed,
        row["condition"],
        row["replicate"],
        plan.settings["day_spread"],
    )
    empty = fault_of(row["field"], plan.settings["faults"]) == "empty"
    count = 0 if empty else max(1, int(rng.poisson(cells_per_field)))
    return draw_labels(frequencies, plan.negative_class, count, rng)


def grow(
    labels: Sequence[str],
    line: CellLine,
    height: int,
    width: int,
    rng: np.random.Generator,
    builder: Callable[[str, CellLine, np.random.Generator], Structure] = build,
) -> list[Structure]:
    """Build a structure for every label and arrange them in clusters.

    None is left out, so that the planted frequencies hold: without room, the emptiest place is
    taken. Every centre is inside the field, but cells at its edge are cut.
    """
    structures: list[Structure] = []
    taken = np.empty((0, 3))
    for label in labels:
        structure = builder(label, line, rng)
        x, y = _place(structure, taken, line, height, width, rng)
        structures.append(dataclasses.replace(structure, x=x, y=y))
        taken = np.vstack([taken, [x, y, structure.radius]])
    return structures


def _place(
    structure: Structure,
    taken: npt.NDArray[np.float64],
    line: CellLine,
    height: int,
    width: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return a centre free of the circles `taken` [n, 3], touching one if possible."""
    # several cells must be nearly whole for their class to be visible
    margin = structure.radius * (0.25 if len(structure.cells) == 1 else 0.85)
    low = np.array([margin, margin])
    high = np.maximum(np.array([width, height]) - margin, low)
    touching = len(taken) and rng.random() < line.clustering
    if touching:
        hosts = taken[rng.integers(len(taken), size=_TRIES)]
        away = (hosts[:, 2] + structure.radius) * rng.uniform(_CLOSEST, _FURTHEST, _TRIES)
        turn = rng.uniform(0, 2 * np.pi, _TRIES)
        places = hosts[:, :2] + away[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    else:
        places = rng.uniform(low, high, size=(_TRIES, 2))
    places = np.vstack([places, rng.uniform(low, high, size=(_TRIES, 2))])
    clearance = _clearance(places, structure.radius, taken)
    clearance[((places < low) | (places > high)).any(axis=1)] = -1.0
    free = np.flatnonzero(clearance >= _CLOSEST)
    best = free[0] if len(free) else int(np.argmax(clearance))
    return float(places[best, 0]), float(places[best, 1])


def _clearance(
    places: npt.NDArray[np.float64], radius: float, taken: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the smallest distance of each place to a circle, relative to both radii."""
    if not len(taken):
        return np.full(len(places), np.inf)
    apart = np.hypot(*(places[:, None] - taken[None, :, :2]).transpose(2, 0, 1))
    return (apart / (radius + taken[None, :, 2])).min(axis=1)
