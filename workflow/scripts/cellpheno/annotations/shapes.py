"""Compute the box around an outline and its area."""

import math
from collections.abc import Sequence

Box = tuple[float, float, float, float]
Outline = tuple[Box, float | None]
"""x_min, y_min, x_max, y_max in pixels, half-open, and the area in square pixels."""


def rectangle(x: float, y: float, width: float, height: float) -> Outline:
    """Return a rectangle by its upper left corner, or raise a ValueError for a negative size."""
    if width < 0 or height < 0:
        raise ValueError(f"its size is negative ({width:g} x {height:g})")
    return (x, y, x + width, y + height), None


def corners(x_min: float, y_min: float, x_max: float, y_max: float) -> Outline:
    """Return a rectangle by its corners, or raise a ValueError if they are in the wrong order."""
    return rectangle(x_min, y_min, x_max - x_min, y_max - y_min)


def around(x: Sequence[float], y: Sequence[float]) -> Box:
    """Return the box around points, or raise a ValueError if a coordinate is missing."""
    if not x or len(x) != len(y):
        raise ValueError(f"it has {len(x)} values of x and {len(y)} of y")
    return min(x), min(y), max(x), max(y)


def polygon(x: Sequence[float], y: Sequence[float]) -> Outline:
    """Return a closed outline; the shoelace formula needs one that does not cross itself."""
    box = around(x, y)
    # relative to a corner of the box, so that outlines far from the origin lose no digits
    x, y = [value - box[0] for value in x], [value - box[1] for value in y]
    cross = (x[start - 1] * y[start] - x[start] * y[start - 1] for start in range(len(x)))
    return box, abs(math.fsum(cross)) / 2


def ellipse(x: float, y: float, rx: float, ry: float, theta: float = 0.0) -> Outline:
    """Return an ellipse by centre and radii, rotated by theta (radians), or raise a ValueError."""
    if rx < 0 or ry < 0:
        raise ValueError(f"its radius is negative ({rx:g}, {ry:g})")
    cosine, sine = math.cos(theta), math.sin(theta)
    half_width, half_height = math.hypot(rx * cosine, ry * sine), math.hypot(rx * sine, ry * cosine)
    return (x - half_width, y - half_height, x + half_width, y + half_height), math.pi * rx * ry


def united(parts: Sequence[Outline]) -> Outline:
    """Return the parts of a cell as one outline: the box around all, and their area if known."""
    left, top, right, bottom = zip(*(box for box, _ in parts), strict=True)
    areas = [area for _, area in parts if area is not None]
    area = math.fsum(areas) if len(areas) == len(parts) else None
    return (min(left), min(top), max(right), max(bottom)), area
