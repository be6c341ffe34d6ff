"""Build Faster R-CNN, the published detector (A14), from torchvision's parts."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import (
    FasterRCNN,
    FastRCNNPredictor,
    TwoMLPHead,
)
from torchvision.ops import MultiScaleRoIAlign

from cellpheno.detection.backends.faster_rcnn_gpu import TwoStages
from cellpheno.detection.backends.interface import Limits
from cellpheno.detection.backends.pyramid import (
    IMAGENET,
    PLAIN,
    NativeResolution,
    OfTorchvision,
    resnet50_pyramid,
    small_pyramid,
)

CLASSES = 2  # background and cell: the detector knows one class (A5)


class FasterRCNNDetector(OfTorchvision):
    """Faster R-CNN as a `Detector`."""

    network: FasterRCNN
    _recorded: TwoStages | None = None

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

        By default the number of proposals follows `max_detections`, because with torchvision's
        (and the published, A14) 1000 a field could never have more than 1000 cells.
        """
        self.network.eval()
        heads, rpn = self.network.roi_heads, self.network.rpn
        heads.score_thresh, heads.nms_thresh = limits.min_score, limits.nms_iou
        heads.detections_per_img = limits.max_detections
        ready = not any(each.requires_grad for each in self.network.parameters())
        if image.is_cuda and ready:
            self._recorded = self._recorded or TwoStages(self.network)
            return self._recorded.detect(image, limits)
        rpn.score_thresh = limits.min_objectness
        rpn._pre_nms_top_n["testing"] = limits.before_nms
        rpn._post_nms_top_n["testing"] = limits.after_nms
        found = self.network([image])[0]
        return found["boxes"], found["scores"]


def resnet18_small() -> FasterRCNNDetector:
    """Faster R-CNN that learns in minutes on a CPU, for cells of about 15 to 200 px."""
    network = FasterRCNN(
        small_pyramid(first_layer=1),
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


def resnet50() -> FasterRCNNDetector:
    """Faster R-CNN with ResNet-50 and feature pyramid as published (A14).

    The state dict is that of torchvision's `fasterrcnn_resnet50_fpn(num_classes=2)`.
    """
    network = FasterRCNN(
        resnet50_pyramid(first_layer=1),
        num_classes=CLASSES,
        rpn_anchor_generator=AnchorGenerator(
            ((32,), (64,), (128,), (256,), (512,)), ((0.5, 1.0, 2.0),) * 5
        ),
        rpn_pre_nms_top_n_train=2000,
        rpn_post_nms_top_n_train=1000,
    )
    network.transform = NativeResolution(*IMAGENET)
    return FasterRCNNDetector(network)


BACKBONES: dict[str, Callable[[], FasterRCNNDetector]] = {
    "resnet18_small": resnet18_small,
    "resnet50": resnet50,
}
