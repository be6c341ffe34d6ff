"""Closed, smooth and irregular outlines of cells and nuclei."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_ROUGHEST = 6
"""Largest number of bumps around an outline."""


@dataclasses.dataclass(frozen=True)
class Outline:
    """A closed curve around a centre, whose radius is a Fourier series of the direction."""

    x: float
    y: float
    radius: float
    """Mean radius, px, like the centre."""
    harmonics: tuple[complex, ...] = ()
    """[n]: entry k is the relative amplitude and phase of k + 1 bumps."""

    def radii(self, directions: npt.NDArray[np.complex64]) -> Array:
        """Return the radius in each direction (unit complex numbers, any shape), px."""
        series = np.zeros_like(directions)
        for coefficient in reversed(self.harmonics):
            series = (series + np.complex64(coefficient)) * directions
        return np.float32(self.radius) * np.maximum(1 + series.real, np.float32(0.3))

    def distance(self, x: Array, y: Array) -> Array:
        """Return how far points are outside the curve along the ray, px; negative inside."""
        offsets = (x - np.float32(self.x)) + np.complex64(1j) * (y - np.float32(self.y))
        lengths = np.maximum(np.abs(offsets), np.float32(1e-3))
        return lengths - self.radii((offsets / lengths).astype(np.complex64, copy=False))

    def moved(self, x: float, y: float) -> Outline:
        """Return the outline shifted by (x, y) px."""
        return dataclasses.replace(self, x=self.x + x, y=self.y + y)


def random_outline(
    rng: np.random.Generator,
    x: float,
    y: float,
    radius: float,
    roughness: float,
    elongation: float = 0.0,
    direction: float | None = None,
) -> Outline:
    """Draw an outline; centre and mean radius in px.

    `roughness` is the standard deviation of the radius from bumps, relative to it; broad bumps
    are larger. `elongation` is the relative amplitude of the two-fold bump: 0.1 makes an axis
    ratio of about 1.2. `direction` of the long axis (rad) is random if None.
    """
    bumps = np.arange(1, _ROUGHEST + 1)
    sizes = roughness * np.where(bumps < 2, 0.3, 1.0) / bumps**0.8
    phases = rng.uniform(0, 2 * np.pi, _ROUGHEST)
    harmonics = rng.rayleigh(sizes) * np.exp(1j * phases)
    turn = rng.uniform(0, 2 * np.pi)
    axis = turn if direction is None else direction
    harmonics[1] += elongation * np.exp(-2j * axis)
    return Outline(float(x), float(y), float(radius), tuple(complex(h) for h in harmonics))
