"""What every detector can do, whichever library it comes from.

Training, inference and evaluation know only this. A new architecture or library adds a module
with detectors of this kind and its names to `backends`.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

MIN_OBJECTNESS = 0.05
"""Proposals that the first stage is this sure are no cells do not reach the second stage, which has
hardly seen their like in training and takes some of them for cells: on simulated fields this raised
precision from 0.78 to 0.96 (score above 0.5) and lost no cell."""
PROPOSALS_PER_CELL = 8
"""One cell has many proposals. Were there room for one each, those of sure cells would crowd out
those of unsure ones in a dense field."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which boxes a detector returns."""

    min_score: float
    """Only boxes of a higher score."""
    nms_iou: float
    """Of two boxes that overlap by more than this, only the better one."""
    max_detections: int
    """Most boxes per image. A result this long may have been cut: the caller must check."""
    min_objectness: float = MIN_OBJECTNESS
    """Of two stages: proposals that the first one finds less likely do not reach the second."""
    proposals_before_nms: int | None = None
    """Candidates of each level of the pyramid that take part in the suppression; None: enough for
    `max_detections` cells, and all of them in a detector of one stage."""
    proposals_after_nms: int | None = None
    """Of two stages: proposals that reach the second; None: enough for `max_detections` cells."""

    @property
    def before_nms(self) -> int:
        """Candidates of each level of a first stage."""
        return self.proposals_before_nms or PROPOSALS_PER_CELL * self.max_detections

    @property
    def after_nms(self) -> int:
        """Candidates that reach a second stage."""
        return self.proposals_after_nms or PROPOSALS_PER_CELL * self.max_detections


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
