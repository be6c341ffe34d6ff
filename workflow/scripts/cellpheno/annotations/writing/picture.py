"""One field as an annotation tool is given it: an image file and the boxes drawn on it."""

import dataclasses
from typing import Any

import pandas as pd


@dataclasses.dataclass(frozen=True)
class Picture:
    """A field of view with its boxes.

    Attributes
    ----------
    field
        Name of the field.
    width, height
        Of the image, px.
    size
        Of the image file, bytes; -1 where there is no file yet, as VIA has it.
    boxes
        One row per cell: x_min, y_min, x_max, y_max (px, half-open), `label`, and where they are
        known `score` and `area` (square pixels).
    """

    field: str
    width: int
    height: int
    size: int
    boxes: pd.DataFrame

    @property
    def name(self) -> str:
        """Name of the image file."""
        return f"{self.field}.png"

    def cells(self) -> list[dict[str, Any]]:
        """Return the boxes as plain values, without what is not known."""
        return [
            {name: value for name, value in row.items() if not pd.isna(value)}
            for row in self.boxes.to_dict("records")
        ]
