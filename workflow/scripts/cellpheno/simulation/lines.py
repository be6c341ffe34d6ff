"""Simulate further cell lines to test whether the networks generalise (A42)."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from cellpheno.simulation.microscope import Microscope
from cellpheno.simulation.structures import CellLine

FACTORS: dict[str, tuple[str, ...]] = {
    "shape": ("roughness", "elongation"),
    "texture": ("chromatin", "membrane_texture", "granularity"),
    "stain": ("membrane_signal", "nucleus_signal", "green_signal", "red_signal"),
    "noise": ("read_noise",),
}
"""Attributes of `CellLine` or `Microscope` multiplied by each factor."""

Kind = TypeVar("Kind", CellLine, Microscope)


@dataclasses.dataclass(frozen=True)
class Sample:
    """Properties of all fields of a condition."""

    line: CellLine
    microscope: Microscope
    cells_per_field: float
    """Mean number of cells and cell-in-cell structures."""


def sample(
    condition: str,
    settings: Mapping[str, Any],
    line: CellLine | None = None,
    microscope: Microscope | None = None,
) -> Sample:
    """Return the properties of a condition's fields.

    `settings` is the config's `simulation`, whose `cell_lines` may multiply the properties of the
    study's own line by factors; the radius is always that of the settings.
    """
    factors = settings["cell_lines"].get(condition, {})
    radius = settings["cell_radius"] * factors.get("radius", 1.0)
    return Sample(
        _multiplied(dataclasses.replace(line or CellLine(), radius=float(radius)), factors),
        _multiplied(microscope or Microscope(), factors),
        settings["cells_per_field"] * factors.get("density", 1.0),
    )


def _multiplied(kind: Kind, factors: Mapping[str, float]) -> Kind:
    """Return a cell line or microscope with its attributes multiplied by the factors."""
    changed = {
        name: getattr(kind, name) * factors[factor]
        for factor, names in FACTORS.items()
        for name in names
        if factor in factors and hasattr(kind, name)
    }
    return dataclasses.replace(kind, **changed)
