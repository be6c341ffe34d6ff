"""Represent a field as an annotation tool sees it: an image file with boxes."""

import dataclasses
from typing import Any

import pandas as pd


@dataclasses.dataclass(frozen=True)
class Picture:
    """A field of view with its boxes."""

    field: str
    width: int
    height: int
    size: int
    """Of the image file in bytes, or -1 if there is none yet, as in VIA."""
    boxes: pd.DataFrame
    """x_min, y_min, x_max, y_max (px, half-open), `label`, with `score`, `area` (px²) if known."""

    @property
    def name(self) -> str:
        """Name of the image file."""
        return f"{self.field}.png"

    def cells(self) -> list[dict[str, Any]]:
        """Return the boxes as dictionaries without missing values."""
        return [
            {str(name): value for name, value in row.items() if not pd.isna(value)}
            for row in self.boxes.to_dict("records")
        ]
