"""Build Faster R-CNN from detectron2's parts, as the published detector was (A14).

Only trainable parts come from detectron2. Its mapper, which resizes images (`MIN_SIZE_TEST`, A18),
and its predictor, which returns 100 boxes (`DETECTIONS_PER_IMAGE`), are not used, and its model zoo
is not imported, because it needs a part of setuptools that no longer exists.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.layers.batch_norm import FrozenBatchNorm2d
from detectron2.modeling import build_model
from detectron2.structures import Boxes, ImageList, Instances
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from cellpheno.detection.backends import model_zoo
from cellpheno.detection.backends.interface import Library, Limits, Normalisation
from cellpheno.detection.backends.pyramid import IMAGENET, PLAIN
from cellpheno.networks import weights
from cellpheno.networks.precision import dtype

CELL = 0  # detectron2 counts the background last
PREDICTOR = "roi_heads.box_predictor."
STEM = "backbone.bottom_up.stem.conv1.weight"
# without weight decay in detectron2's own optimiser too (WEIGHT_DECAY_NORM, A16)
NORMALISING = (nn.BatchNorm2d, nn.SyncBatchNorm, nn.GroupNorm, FrozenBatchNorm2d)


class DetectronDetector:
    """detectron2's Faster R-CNN as a `Detector`."""

    undecayed = NORMALISING

    def __init__(self, config: CfgNode, mean: Sequence[float], std: Sequence[float]) -> None:
        # by default detectron2 builds on the GPU
        config.MODEL.DEVICE = "cpu"
        self.network = build_model(config).to(memory_format=torch.channels_last)
        self.body: nn.Module = self.network.backbone.bottom_up
        self.channels: Sequence[str] = ()
        self.transform = Normalisation(list(mean), list(std))
        self.precision = "auto"

    def losses(self, images: Sequence[Tensor], boxes: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the losses of the proposals and of the final boxes (see `Detector`)."""
        network = self.network.train()
        batch = self._batch(images)
        annotated = []
        for each, size in zip(boxes, batch.image_sizes, strict=True):
            classes = torch.full((len(each),), CELL, device=each.device)
            annotated.append(Instances(size, gt_boxes=Boxes(each), gt_classes=classes))
        with EventStorage():  # its heads count their samples and need a place for the counts
            maps = self._maps(batch)
            try:
                proposals, of_proposals = network.proposal_generator(batch, maps, annotated)
            except FloatingPointError:
                return {"loss_rpn_cls": batch.tensor.new_tensor(float("nan"))}
            _, of_boxes = network.roi_heads(batch, maps, proposals, annotated)
        return {**of_proposals, **of_boxes}

    @torch.inference_mode()
    def detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return the cells of one image (see `Detector`), in its own resolution.

        Number and least probability of the proposals are those of torchvision's Faster R-CNN.
        """
        network = self.network.eval()
        heads, generator = network.roi_heads, network.proposal_generator
        heads.box_predictor.test_score_thresh = limits.min_score
        heads.box_predictor.test_nms_thresh = limits.nms_iou
        heads.box_predictor.test_topk_per_image = limits.max_detections
        least = limits.min_objectness
        generator.post_nms_topk[False] = limits.after_nms
        batch = self._batch([image])
        maps = self._maps(batch)

        def follow_likely(_head: nn.Module, _maps: object, found: tuple[list[Tensor], ...]) -> None:
            # suppressing unlikely ones would take most of the time and change nothing
            likely = max(int((level.sigmoid() >= least).sum()) for level in found[0])
            generator.pre_nms_topk[False] = min(max(likely, 1), limits.before_nms)

        with generator.rpn_head.register_forward_hook(follow_likely):
            [proposals], _ = generator(batch, maps)
        likely = proposals.objectness_logits.sigmoid() >= least
        [found], _ = heads(batch, maps, [proposals[likely]])
        return found.pred_boxes.tensor, found.scores

    def _batch(self, images: Sequence[Tensor]) -> ImageList:
        """Normalise images and pad them to one size, at the bottom and on the right."""
        divisor = self.network.backbone.size_divisibility
        return ImageList.from_tensors(self.transform.apply(images), divisor)

    def _maps(self, batch: ImageList) -> dict[str, Tensor]:
        """Return the feature maps in float32, computed in `precision`."""
        device = batch.tensor.device
        low = dtype(self.precision, device) is torch.bfloat16
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            pixels = batch.tensor.contiguous(memory_format=torch.channels_last)
            maps = self.network.backbone(pixels)
        return {name: level.float() for name, level in maps.items()}


def _with_pyramid(depth: int, levels: Sequence[str]) -> CfgNode:
    """Return the config of a Faster R-CNN with a feature pyramid over the levels of a ResNet."""
    config = get_cfg()
    model = config.MODEL
    model.META_ARCHITECTURE = "GeneralizedRCNN"
    model.BACKBONE.NAME = "build_resnet_fpn_backbone"
    model.BACKBONE.FREEZE_AT = 0
    model.RESNETS.DEPTH = depth
    model.RESNETS.OUT_FEATURES = model.FPN.IN_FEATURES = list(levels)
    pyramid = [level.replace("res", "p") for level in levels]
    model.RPN.IN_FEATURES = [*pyramid, f"p{len(levels) + 2}"]
    model.ROI_HEADS.NAME = "StandardROIHeads"
    model.ROI_HEADS.IN_FEATURES = pyramid
    model.ROI_HEADS.NUM_CLASSES = 1
    model.ROI_BOX_HEAD.NAME = "FastRCNNConvFCHead"
    model.ROI_BOX_HEAD.NUM_FC = 2
    return config


def resnet50() -> DetectronDetector:
    """Faster R-CNN with ResNet-50 and feature pyramid as published (A14).

    Batch normalisation learns; with several GPUs it sees the whole batch, as SyncBN does.
    """
    config = _with_pyramid(50, ("res2", "res3", "res4", "res5"))
    model = config.MODEL
    model.RESNETS.NORM = "BN"
    model.ANCHOR_GENERATOR.SIZES = [[32], [64], [128], [256], [512]]
    model.ANCHOR_GENERATOR.ASPECT_RATIOS = [[0.5, 1.0, 2.0]]
    model.RPN.PRE_NMS_TOPK_TRAIN = 2000
    model.RPN.POST_NMS_TOPK_TRAIN = 1000
    model.ROI_BOX_HEAD.POOLER_RESOLUTION = 7
    # its own weights expect 0..255 minus the mean, unscaled (A16)
    return DetectronDetector(config, IMAGENET[0], [1 / 255] * 3)


def resnet18_small() -> DetectronDetector:
    """Faster R-CNN that learns in minutes on a CPU, as small as torchvision's of this name."""
    config = _with_pyramid(18, ("res2", "res3", "res4"))
    model = config.MODEL
    model.RESNETS.NORM = "GN"
    model.RESNETS.RES2_OUT_CHANNELS = 64
    model.FPN.OUT_CHANNELS = 64
    model.ANCHOR_GENERATOR.SIZES = [[18, 26], [36, 52], [74, 104], [148, 208]]
    model.ANCHOR_GENERATOR.ASPECT_RATIOS = [[1.0]]
    model.RPN.PRE_NMS_TOPK_TRAIN = 500
    model.RPN.POST_NMS_TOPK_TRAIN = 300
    model.RPN.BATCH_SIZE_PER_IMAGE = 128
    model.ROI_HEADS.BATCH_SIZE_PER_IMAGE = 128
    model.ROI_BOX_HEAD.POOLER_RESOLUTION = 5
    model.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO = 2
    model.ROI_BOX_HEAD.FC_DIM = 256
    detector = DetectronDetector(config, *PLAIN)
    # the config has no keys for the level that the coarsest is pooled from, nor for where a box is
    # read
    detector.network.backbone.top_block.in_feature = "p4"
    pooler = detector.network.roi_heads.box_pooler
    pooler.canonical_box_size, pooler.canonical_level = 64, 3
    return detector


def read(path: str | Path) -> dict[str, Any]:
    """Return the content of a file that torch has saved, or of one of the model zoo."""
    return (model_zoo if Path(path).suffix == model_zoo.ENDING else weights).read(path)


def translate(
    content: Mapping[str, Any], network: nn.Module, path: str | Path
) -> dict[str, Tensor]:
    """Return detectron2's weights, of a network that sees blue first (A16), for one that sees red.

    `content` comes from the model zoo or detectron2's checkpointer, with any number of classes;
    layers that depend on this number start at random.
    """
    state = {
        key: value
        for key, value in content.get("model", content).items()
        # older files also hold values that follow from the config
        if key not in ("pixel_mean", "pixel_std") and "anchor_generator" not in key
    }
    if isinstance(state.get(STEM), Tensor) and state[STEM].dim() == 4:
        state[STEM] = state[STEM].flip(1)
    return weights.with_own(network, weights.state_of(state, path), (PREDICTOR,), path)


BACKBONES: dict[str, Callable[[], DetectronDetector]] = {
    "resnet18_small": resnet18_small,
    "resnet50": resnet50,
}
LIBRARY = Library({"faster_rcnn": BACKBONES}, read, translate)
