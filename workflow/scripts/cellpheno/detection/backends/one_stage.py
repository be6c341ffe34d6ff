"""Build one-stage detectors from torchvision's parts: FCOS and RetinaNet (A22).

RetinaNet replaces the published YOLOv3, which has no maintained implementation under a permissive
licence: it too places anchors on several scales and scores them in one pass.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.models.detection import FCOS, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from cellpheno.detection.backends.interface import Limits
from cellpheno.detection.backends.pyramid import (
    IMAGENET,
    PLAIN,
    NativeResolution,
    OfTorchvision,
    resnet50_pyramid,
    small_pyramid,
)

NO_LIMIT = 2**31 - 1
CELL = 0  # these networks score classes alone; background is the lack of a score


class OneStageDetector(OfTorchvision):
    """FCOS or RetinaNet as a `Detector`."""

    network: FCOS | RetinaNet

    def losses(self, images: Sequence[Tensor], boxes: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the losses of the scores and of the boxes (see `Detector`)."""
        self.network.train()
        targets = [
            {"boxes": each, "labels": torch.full((len(each),), CELL, device=each.device)}
            for each in boxes
        ]
        return self.network(list(images), targets)

    @torch.inference_mode()
    def detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return the cells of one image (see `Detector`).

        By default every place that scores above the limit takes part in non-maximum suppression,
        because torchvision's best 1000 of a level would all belong to the surest cells.
        """
        self.network.eval()
        self.network.score_thresh, self.network.nms_thresh = limits.min_score, limits.nms_iou
        self.network.detections_per_img = limits.max_detections
        self.network.topk_candidates = limits.proposals_before_nms or NO_LIMIT
        found = self.network([image])[0]
        return found["boxes"], found["scores"]


def fcos_resnet18_small() -> OneStageDetector:
    """FCOS that learns in minutes on a CPU: strides 8, 16 and 32."""
    network = FCOS(
        small_pyramid(first_layer=2),
        num_classes=1,
        anchor_generator=AnchorGenerator(((8,), (16,), (32,)), ((1.0,),) * 3),
    )
    network.transform = NativeResolution(*PLAIN)
    return OneStageDetector(network)


def fcos_resnet50() -> OneStageDetector:
    """FCOS with ResNet-50 and a pyramid of five levels.

    The state dict has the keys of torchvision's `fcos_resnet50_fpn(num_classes=1)`.
    """
    network = FCOS(resnet50_pyramid(first_layer=2, extra=LastLevelP6P7(256, 256)), num_classes=1)
    network.transform = NativeResolution(*IMAGENET)
    return OneStageDetector(network)


def retinanet_resnet18_small() -> OneStageDetector:
    """RetinaNet that learns in minutes on a CPU, for cells of about 15 to 250 px."""
    sizes = ((20, 28, 40), (56, 80, 112), (150, 190, 240))
    network = RetinaNet(
        small_pyramid(first_layer=2),
        num_classes=1,
        anchor_generator=AnchorGenerator(sizes, ((1.0,),) * 3),
    )
    network.transform = NativeResolution(*PLAIN)
    return OneStageDetector(network)


def retinanet_resnet50() -> OneStageDetector:
    """RetinaNet with ResNet-50 and a pyramid of five levels.

    The state dict has the keys of torchvision's `retinanet_resnet50_fpn(num_classes=1)`.
    """
    network = RetinaNet(
        resnet50_pyramid(first_layer=2, extra=LastLevelP6P7(256, 256)), num_classes=1
    )
    network.transform = NativeResolution(*IMAGENET)
    return OneStageDetector(network)


FCOS_BACKBONES: dict[str, Callable[[], OneStageDetector]] = {
    "resnet18_small": fcos_resnet18_small,
    "resnet50": fcos_resnet50,
}
RETINANET_BACKBONES: dict[str, Callable[[], OneStageDetector]] = {
    "resnet18_small": retinanet_resnet18_small,
    "resnet50": retinanet_resnet50,
}
