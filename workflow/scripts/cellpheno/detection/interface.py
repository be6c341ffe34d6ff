"""What every detector can do, whichever library it comes from.

Training, inference and evaluation know only this. A new architecture or library adds a module
with detectors of this kind and its names to `backends`.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which boxes a detector returns."""

    min_score: float
    """Only boxes of a higher score."""
    nms_iou: float
    """Of two boxes that overlap by more than this, only the better one."""
    max_detections: int
    """Most boxes per image. A result this long may have been cut: the caller must check."""


@dataclasses.dataclass
class Normalisation:
    """What is taken from each channel of 0..1, and what it is divided by."""

    image_mean: list[float]
    image_std: list[float]


class Detector(Protocol):
    """A detector of one class of object, at the resolution of the images it is given."""

    network: nn.Module
    """All that is learned; its state dict is what is saved and loaded."""
    body: nn.Module
    """The part of the network that the image enters by its first convolution."""
    channels: Sequence[str]
    """What the planes of its images show, in their order."""
    transform: Normalisation
    """Or anything else with its two lists."""
    precision: str
    """The config's `compute.precision`, of what comes before any box; boxes are float32."""
    undecayed: tuple[type[nn.Module], ...]
    """Kinds of layers whose weights the optimiser does not pull towards zero."""

    def losses(self, images: Sequence[Tensor], boxes: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the parts of the training loss, whose sum is minimised.

        Parameters
        ----------
        images
            float32 [channels, height, width] in 0..1, on the network's device; sizes may differ.
        boxes
            float32 [n, 4] per image, in its pixels; n = 0 is an image without cells.
        """
        ...

    def detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return boxes [n, 4] in pixels of the image and their scores [n] in 0..1.

        Parameters
        ----------
        image
            float32 [channels, height, width] in 0..1, on the network's device; never resized.
        limits
            Which boxes to return.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Library:
    """The detectors of one library, and how its files of weights are read."""

    architectures: Mapping[str, Mapping[str, Callable[[], Detector]]]
    """Architecture: backbone: what builds it."""
    read: Callable[[str | Path], dict[str, Any]]
    """Return the content of a file of weights."""
    translate: Callable[[Mapping[str, Any], nn.Module, str | Path], Mapping[str, Any]]
    """Given content that this workflow did not write, the network and the path: a state dict."""
