"""Detectors built from torchvision's parts: Faster R-CNN (A14)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchvision.models import resnet18, resnet50
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import (
    FasterRCNN,
    FastRCNNPredictor,
    TwoMLPHead,
)
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

from cellpheno.detection.interface import Limits

CLASSES = 2  # background and cell: the detector knows one class (A5)

# Proposals that the first stage is this sure are no cells do not reach the second stage, which has
# hardly seen their like in training and takes some of them for cells: on simulated fields this
# raised precision from 0.78 to 0.96 (score above 0.5) and lost no cell.
MIN_OBJECTNESS = 0.05

# A network that starts from random weights needs centred, unit-scale input and no more; one that
# starts from ImageNet or COCO weights needs their normalisation.
PLAIN = ((0.2, 0.2, 0.2), (0.2, 0.2, 0.2))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class NativeResolution(GeneralizedRCNNTransform):
    """Normalise and pad, but never resize.

    torchvision shrinks every image to at most 800 x 1333 pixels without saying so; here the
    network sees the pixels it is given, and any scaling (A17, A20) is done before.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(min_size=0, max_size=0, image_mean=list(mean), image_std=list(std))

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """Return image and target as they are."""
        return image, target


class Backbone(BackboneWithFPN):
    """Feature pyramid, computed in bfloat16 on a GPU and given out in float32.

    Only this part runs in bfloat16: torchvision computes boxes in the dtype of the features, and
    a bfloat16 coordinate of a 2000 px field is rounded to 8 px.
    """

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the feature maps of a batch [n, 3, height, width] by name, finest first."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda):
            maps = super().forward(x)
        return {name: level.float() for name, level in maps.items()}


class FasterRCNNDetector:
    """Faster R-CNN as a `Detector`."""

    def __init__(self, network: FasterRCNN) -> None:
        self.network = network.to(memory_format=torch.channels_last)

    def losses(self, images: Sequence[Tensor], boxes: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the losses of the proposals and of the final boxes (see `Detector`)."""
        self.network.train()
        self.network.rpn.score_thresh = 0.0  # `detect` may have been called in between
        targets = [
            {"boxes": each, "labels": torch.ones(len(each), dtype=torch.int64, device=each.device)}
            for each in boxes
        ]
        return self.network(list(images), targets)

    @torch.inference_mode()
    def detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return the cells of one image (see `Detector`).

        As many proposals as `max_detections` may reach the second stage: with torchvision's (and
        the published, A18) 1000 a field could never have more than 1000 cells.
        """
        self.network.eval()
        heads, rpn = self.network.roi_heads, self.network.rpn
        heads.score_thresh, heads.nms_thresh = limits.min_score, limits.nms_iou
        heads.detections_per_img = limits.max_detections
        rpn.score_thresh = MIN_OBJECTNESS
        rpn._pre_nms_top_n["testing"] = limits.max_detections
        rpn._post_nms_top_n["testing"] = limits.max_detections
        found = self.network([image])[0]
        return found["boxes"], found["scores"]


def _group_norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(min(32, channels // 4), channels)


def _faster_rcnn_resnet18_small() -> FasterRCNNDetector:
    """Faster R-CNN that learns in minutes on a CPU, for cells of about 15 to 200 px.

    ResNet-18 without its last stage, a pyramid of 64 channels, light heads. Group instead of batch
    normalisation: it does not depend on the few tiles of a batch.
    """
    backbone = Backbone(
        resnet18(norm_layer=_group_norm),
        return_layers={"layer1": "0", "layer2": "1", "layer3": "2"},
        in_channels_list=[64, 128, 256],
        out_channels=64,
    )
    network = FasterRCNN(
        backbone,
        rpn_anchor_generator=AnchorGenerator(
            ((18, 26), (36, 52), (74, 104), (148, 208)), ((1.0,),) * 4
        ),
        rpn_pre_nms_top_n_train=500,
        rpn_post_nms_top_n_train=300,
        rpn_batch_size_per_image=128,
        box_roi_pool=MultiScaleRoIAlign(
            ["0", "1", "2"], output_size=5, sampling_ratio=2, canonical_scale=64, canonical_level=3
        ),
        box_head=TwoMLPHead(64 * 5 * 5, 256),
        box_predictor=FastRCNNPredictor(256, CLASSES),
        box_batch_size_per_image=128,
    )
    network.transform = NativeResolution(*PLAIN)
    return FasterRCNNDetector(network)


def _faster_rcnn_resnet50() -> FasterRCNNDetector:
    """Faster R-CNN with ResNet-50 and feature pyramid as published (A14).

    Batch normalisation learns, as the published SyncBN does; keys and shapes of the state dict
    are those of torchvision's `fasterrcnn_resnet50_fpn(num_classes=2)`.
    """
    backbone = Backbone(
        resnet50(norm_layer=nn.BatchNorm2d),
        return_layers={"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"},
        in_channels_list=[256, 512, 1024, 2048],
        out_channels=256,
    )
    network = FasterRCNN(
        backbone,
        num_classes=CLASSES,
        rpn_anchor_generator=AnchorGenerator(
            ((32,), (64,), (128,), (256,), (512,)), ((0.5, 1.0, 2.0),) * 5
        ),
        rpn_pre_nms_top_n_train=2000,
        rpn_post_nms_top_n_train=1000,
    )
    network.transform = NativeResolution(*IMAGENET)
    return FasterRCNNDetector(network)


ARCHITECTURES: dict[str, dict[str, Callable[[], FasterRCNNDetector]]] = {
    "faster_rcnn": {
        "resnet18_small": _faster_rcnn_resnet18_small,
        "resnet50": _faster_rcnn_resnet50,
    }
}
