"""Define the interface of all detectors, whichever library they come from.

Training, inference and evaluation use only this. A new architecture or library adds a module with
such detectors and registers its names in `registry`.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

MIN_OBJECTNESS = 0.05
"""Less likely proposals do not reach the second stage, which has hardly seen any in training and
takes some of them for cells: on simulated fields this raised precision from 0.78 to 0.96 (score
above 0.5) and lost no cell."""
PROPOSALS_PER_CELL = 8
"""With room for only one each, the many proposals of sure cells would crowd out those of unsure
ones in a dense field."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits on the boxes that a detector returns."""

    min_score: float
    """Only boxes of a higher score."""
    nms_iou: float
    """Of two boxes that overlap more, only the better one."""
    max_detections: int
    """Most boxes per image. A result this long may have been cut: the caller must check."""
    min_objectness: float = MIN_OBJECTNESS
    """Of two stages: less likely proposals do not reach the second."""
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
    """What to subtract from each channel of 0..1, and what to divide it by."""

    image_mean: list[float]
    image_std: list[float]

    def apply(self, images: Sequence[Tensor]) -> list[Tensor]:
        """Return normalised images [channels, height, width]."""
        mean, std = (images[0].new_tensor(v)[:, None, None] for v in vars(self).values())
        return [(image - mean) / std for image in images]


class Detector(Protocol):
    """A detector of one class of object, at the resolution of its images."""

    channels: Sequence[str]
    """Contents of its images' planes, in order."""
    precision: str
    """The config's `compute.precision`, of what comes before any box; boxes are float32."""

    @property
    def network(self) -> nn.Module:
        """Everything that is trained, saved and loaded."""

    @property
    def body(self) -> nn.Module:
        """The part of the network whose first convolution receives the image."""

    @property
    def transform(self) -> Normalisation:
        """Or anything else with the same two lists."""

    @property
    def undecayed(self) -> tuple[type[nn.Module], ...]:
        """Layers without weight decay."""

    def losses(self, images: Sequence[Tensor], boxes: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the parts of the training loss, whose sum is minimised.

        Images are float32 [channels, height, width] in 0..1 and may differ in size; boxes are
        float32 [n, 4] px for each, and n may be 0. All lie on the network's device.
        """
        ...

    def detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return boxes [n, 4] px and scores [n] in 0..1 for one image, which is never resized.

        It is float32 [channels, height, width] in 0..1, on the network's device.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Library:
    """The detectors of one library, and how to read its files of weights."""

    architectures: Mapping[str, Mapping[str, Callable[[], Detector]]]
    """Functions that build detectors, by architecture and backbone."""
    read: Callable[[str | Path], dict[str, Any]]
    """Returns the content of a file of weights."""
    translate: Callable[[Mapping[str, Any], nn.Module, str | Path], Mapping[str, Any]]
    """Returns the state dict in foreign content, given the network and the path."""
