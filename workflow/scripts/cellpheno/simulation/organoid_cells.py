"""Build cells of dissociated organoids: cancer, normal, and unknown by their stain (C1, C4)."""

import dataclasses

import numpy as np

from cellpheno.simulation.outlines import random_outline
from cellpheno.simulation.structures import Cell, CellLine, Nucleus, Structure

CLASSES = ("R", "G", "U")
"""Cancer (red), normal (green), unknown (C4)."""
DYES = ("green", "red")
"""The order of `Cell.dyes`."""
ORIGINS = {"R": {"cancer": 1.0}, "G": {"normal": 1.0}}
ORIGINS["U"] = {"cancer": 0.4, "normal": 0.25, "debris": 0.35}
"""True origins of the cells of a class. To the paper, unknown cells are poorly stained cancer
cells, dead cells and debris (Table 5)."""


@dataclasses.dataclass(frozen=True)
class Origin:
    """The average look of cells of one origin."""

    radius: float
    """Relative to the line's."""
    grain: float
    """Of the cytoplasm in bright field, relative to the line's."""
    roughness: float
    """Of the outline, relative to the line's."""
    nucleus: float
    """Radius relative to that of the cell."""
    chromatin: float
    """Clumps of the nuclear stain, relative to the line's."""
    stain: float
    """Of the nucleus."""
    height: float = 1.0


LOOKS = {
    "cancer": Origin(1.06, 1.25, 1.2, 0.64, 1.3, 1.1),
    "normal": Origin(0.95, 0.8, 0.9, 0.53, 0.75, 0.95),
    "debris": Origin(0.72, 1.9, 2.0, 0.6, 0.3, 1.6, height=1.25),
}
"""Cancer cells are somewhat larger, rougher and more granular, by about a standard deviation each,
so bright field hardly reveals them. Their nuclei have 1.8 times the area of normal ones and
clumpier chromatin, by two standard deviations each, so Hoechst reveals more. Only a dye identifies
a cell for certain, and unknown cells look like cancer or normal ones."""

_SPREAD = {"grain": 0.5, "roughness": 0.25, "nucleus": 0.09, "chromatin": 0.25, "stain": 0.25}
"""Standard deviations of the logarithms between cells of one origin."""


def build(label: str, line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw one cell of a class around the origin of coordinates."""
    origins = ORIGINS[label]
    origin = str(rng.choice(list(origins), p=list(origins.values())))
    look = LOOKS[origin]
    varied = {name: float(np.exp(rng.normal(0, spread))) for name, spread in _SPREAD.items()}
    radius = line.radius * look.radius * float(np.exp(rng.normal(0, line.radius_spread)))
    elongation = min(rng.rayleigh(line.elongation), 0.2)
    roughness = line.roughness * look.roughness * varied["roughness"]
    outline = random_outline(rng, 0.0, 0.0, radius, roughness, elongation)
    away, turn = radius * rng.uniform(0, 0.22), rng.uniform(0, 2 * np.pi)
    nucleus = Nucleus(
        random_outline(
            rng,
            away * np.cos(turn),
            away * np.sin(turn),
            radius * min(look.nucleus * varied["nucleus"], 0.85),
            0.04 * look.roughness,
            rng.uniform(0.02, 0.14),
        ),
        look.stain * varied["stain"],
        look.chromatin * varied["chromatin"],
    )
    cell = Cell(
        outline,
        (nucleus,),
        height=look.height * rng.uniform(0.75, 1.25),
        grain=look.grain * varied["grain"],
        dyes=_dyes(label, rng),
    )
    blur = line.radius * rng.uniform(0, line.depth)  # not all are in the focal plane
    return Structure(label, (cell,), blur=float(blur), origin=origin)


def _dyes(label: str, rng: np.random.Generator) -> tuple[float, float]:
    """Return the green and the red dye of a cell; unknown cells have traces, or both."""
    trace = 0.04 * np.exp(rng.normal(0, 0.5, 2))
    clear = np.exp(rng.normal(0, 0.4, 2))
    if label == "R":
        return float(trace[0]), float(clear[1])
    if label == "G":
        return float(clear[0]), float(trace[1])
    amounts = 0.6 * clear if rng.random() < 0.15 else trace
    return float(amounts[0]), float(amounts[1])
