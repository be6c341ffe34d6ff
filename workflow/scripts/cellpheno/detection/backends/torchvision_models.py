"""Detectors built from torchvision's parts, by architecture and backbone."""

from collections.abc import Callable, Mapping

from cellpheno.detection.backends import faster_rcnn, one_stage
from cellpheno.detection.backends.interface import Detector, Library
from cellpheno.networks import weights

ARCHITECTURES: dict[str, Mapping[str, Callable[[], Detector]]] = {
    "faster_rcnn": faster_rcnn.BACKBONES,
    "fcos": one_stage.FCOS_BACKBONES,
    "retinanet": one_stage.RETINANET_BACKBONES,
}

LIBRARY = Library(ARCHITECTURES, weights.read, lambda content, network, path: content)
