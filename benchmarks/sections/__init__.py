"""The comparisons, one module for each part of the scorecard."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.timing import Times


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes
    ----------
    device
        Where networks compute.
    rounds
        Timed turns of each way.
    tiny
        Sizes so small that they prove the comparison and measure nothing.
    folder
        To work in; emptied afterwards.
    points
        Numbers of points to embed.
    """

    device: torch.device
    rounds: int
    tiny: bool
    folder: Path
    points: tuple[int, ...] = (5000, 20_000)

    @property
    def wait(self) -> Callable[[], None]:
        """What returns when the device has done all that it was asked for."""
        return torch.cuda.synchronize if self.device.type == "cuda" else lambda: None

    @property
    def turns(self) -> int:
        """Timed turns of what takes a GPU no more than milliseconds."""
        return self.rounds * (5 if self.device.type == "cuda" else 1)

    @property
    def clock(self) -> str:
        """How times are taken: on a CPU that others use too, its own time is the fairer one."""
        return "elapsed, median" if self.device.type == "cuda" else "CPU, minimum"

    def ms(self, times: Times) -> float:
        """Return the time in milliseconds by that clock."""
        if self.device.type == "cuda":
            return sorted(times.wall)[len(times.wall) // 2] * 1e3
        return min(times.cpu) * 1e3
