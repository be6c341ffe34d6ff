"""Define what a kind of simulated study provides: channels, classes and drawing."""

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
    """Settings common to all fields of a study."""

    settings: Settings
    """The config's `simulation`."""
    negative_class: str
    """Class of all cells beyond the planted frequencies."""
    seed: int


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of simulated study, chosen by `simulation.kind` in the config."""

    channels: tuple[str, ...]
    """Channels, which are columns of the sample sheet."""
    classes: tuple[str, ...]
    """Classes that `simulation.frequencies` can plant."""
    simulate_field: Callable[[Row, Plan], tuple[Pictures, pd.DataFrame]]
    """Makes images, uint16 [height, width] per channel, and TRUTH from row and plan alone."""
    annotated: Callable[[Row, Settings], bool]
    """Whether a field gets annotations, given the config's `simulation`."""
    swapped: tuple[str, str]
    """The channels whose files the fault `swapped` exchanges."""


def fault_of(field: str, faults: Mapping[str, Sequence[str]]) -> str:
    """Return the fault of a field, or an empty text."""
    return next((fault for fault, fields in faults.items() if field in fields), "")
