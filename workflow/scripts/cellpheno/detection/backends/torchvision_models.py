"""Detectors built from torchvision's parts, by architecture and backbone."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from cellpheno.detection.backends import faster_rcnn, one_stage
from cellpheno.detection.backends.interface import Detector, Library
from cellpheno.networks import weights

ARCHITECTURES: dict[str, Mapping[str, Callable[[], Detector]]] = {
    "faster_rcnn": faster_rcnn.BACKBONES,
    "fcos": one_stage.FCOS_BACKBONES,
    "retinanet": one_stage.RETINANET_BACKBONES,
}

CLASSES = ("roi_heads.box_predictor.", "head.classification_head.cls_logits.")
"""Beginnings of the names of weights that depend on the number of classes."""


def _with_own_classes(
    content: Mapping[str, Any], network: nn.Module, path: str | Path
) -> dict[str, Any]:
    return weights.with_own(network, weights.state_of(content, path), CLASSES, path)


LIBRARY = Library(ARCHITECTURES, weights.read, _with_own_classes)
