"""Cell lines, cells and structures of several cells, from which images are drawn."""

from __future__ import annotations

import dataclasses

import numpy as np

from cellpheno.simulation.outlines import Outline


@dataclasses.dataclass(frozen=True)
class CellLine:
    """The look of a cell line; lengths are relative to the radius."""

    radius: float = 21.0
    """Mean radius of a single cell, px."""
    radius_spread: float = 0.13
    """Standard deviation of the logarithm of the radius."""
    roughness: float = 0.06
    """Standard deviation of the outline from bumps, relative to the radius."""
    elongation: float = 0.07
    """Mean relative amplitude of the outline's two-fold bump."""
    nucleus: float = 0.5
    """Radius of the nucleus relative to that of the cell."""
    chromatin: float = 0.3
    """Relative standard deviation of the nuclear stain within a nucleus."""
    membrane_texture: float = 0.4
    """Relative standard deviation of the membrane stain along the outline."""
    granularity: float = 0.5
    """Strength of the cytoplasm's grains in bright field."""
    stain_spread: float = 0.25
    """Standard deviation of the logarithm of the stain between cells."""
    clustering: float = 0.65
    """Share of the structures that touch another one."""
    depth: float = 0.07
    """Largest blur that an expert can still classify, relative to the radius."""
    mitotic: float = 0.07
    """Share of the single cells that are rounded up in mitosis."""
    binucleate: float = 0.06
    """Share of the single cells with two nuclei."""
    vacuolated: float = 0.06
    """Share of the single cells with a large vacuole, a ring without a cell."""


@dataclasses.dataclass(frozen=True)
class Nucleus:
    """A nucleus, cut by inner cells and by the edge of its own cell."""

    outline: Outline
    stain: float = 1.0
    texture: float = 1.0


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of a structure."""

    outline: Outline
    nuclei: tuple[Nucleus, ...]
    parent: int = -1
    """Row of the outer cell; -1 if there is none."""
    stain: float = 1.0
    """Brightness of the membrane."""
    width: float = 1.0
    """Thickness of the membrane, relative to the usual one."""
    height: float = 1.0
    """Height above the glass, relative to the usual one."""
    cup: float | None = None
    """Share of the parent's opening that is closed over this cell, for partial structures."""
    grain: float = 1.0
    """Strength of the grains in bright field, relative to the cell line's."""
    dyes: tuple[float, ...] = ()
    """Amount of each cytoplasmic dye; 1 is usual."""


@dataclasses.dataclass(frozen=True)
class Structure:
    """One annotated object: a single cell, or cells that belong together, outer ones first."""

    label: str
    cells: tuple[Cell, ...]
    blur: float = 0.0
    """Out-of-focus blur in addition to the field's, px."""
    origin: str = ""
    """Its true origin, if the class does not define it."""
    x: float = 0.0
    y: float = 0.0

    @property
    def radius(self) -> float:
        """Radius around (x, y) that contains the outermost cells, px."""
        free = [c.outline for c in self.cells if c.parent < 0 or c.cup is not None]
        return max(np.hypot(o.x, o.y) + o.radius for o in free)
