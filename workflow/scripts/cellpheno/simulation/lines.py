"""Cell lines that differ from the study's own, to ask whether the networks generalise (A42)."""

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
"""What a factor multiplies, of `CellLine` or `Microscope`; `radius` and `density` stand alone."""

Kind = TypeVar("Kind", CellLine, Microscope)


@dataclasses.dataclass(frozen=True)
class Sample:
    """What all fields of a condition share."""

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
    """Return what the fields of a condition share.

    Parameters
    ----------
    condition
        Of the sample sheet.
    settings
        The config's `simulation`. Its `cell_lines` hold factors by condition; a condition without
        an entry, and a factor that is left out, is as in the study's own line.
    line, microscope
        Of the study, where they are not the usual ones; the radius is that of the settings.
    """
    factors = settings["cell_lines"].get(condition, {})
    radius = settings["cell_radius"] * factors.get("radius", 1.0)
    return Sample(
        _multiplied(dataclasses.replace(line or CellLine(), radius=float(radius)), factors),
        _multiplied(microscope or Microscope(), factors),
        settings["cells_per_field"] * factors.get("density", 1.0),
    )


def _multiplied(kind: Kind, factors: Mapping[str, float]) -> Kind:
    """Return a cell line or a microscope with its share of the factors taken in."""
    changed = {
        name: getattr(kind, name) * factors[factor]
        for factor, names in FACTORS.items()
        for name in names
        if factor in factors and hasattr(kind, name)
    }
    return dataclasses.replace(kind, **changed)
