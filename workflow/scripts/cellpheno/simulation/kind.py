"""What the kinds of simulated study have in common: a kind brings channels, classes and drawing."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Row = Mapping[str, str]
Settings = Mapping[str, Any]
Pictures = dict[str, npt.NDArray[np.uint16]]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What all fields of a study share."""

    settings: Settings
    """The config's `simulation`."""
    negative_class: str
    """Class of what is left when the planted frequencies are taken."""
    seed: int


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of simulated study, chosen by `simulation.kind` in the config.

    Attributes
    ----------
    channels
        What is photographed; each is a column of the sample sheet.
    classes
        What can be planted by `simulation.frequencies`.
    simulate_field
        From a row of the sample sheet and the plan to the pictures of the field, uint16
        [height, width] per channel, and its truth (tables.TRUTH). What it draws depends on the
        plan's seed and on the row alone.
    annotated
        Whether a field gets annotations, by its row and the config's `simulation`.
    swapped
        The channels whose files the fault `swapped` exchanges.
    """

    channels: tuple[str, ...]
    classes: tuple[str, ...]
    simulate_field: Callable[[Row, Plan], tuple[Pictures, pd.DataFrame]]
    annotated: Callable[[Row, Settings], bool]
    swapped: tuple[str, str]


def fault_of(field: str, faults: Mapping[str, Sequence[str]]) -> str:
    """Return what is wrong with a field, or an empty text."""
    return next((fault for fault, fields in faults.items() if field in fields), "")
