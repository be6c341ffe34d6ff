"""Build RT-DETR, a detector without anchors, from Hugging Face transformers (C22).

A declared substitute for DINO, whose implementations need old libraries: RT-DETR (Zhao et al.,
2024) adopted its denoising queries and its choice of queries by score, is maintained, and has a
permissive licence.

It measures places and sizes in shares of the image, so an image larger than those of the training
would be another task; larger ones are seen through windows of the training's size.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from torchvision.ops import box_convert, nms
from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrResNetConfig
from transformers.models.rt_detr.modeling_rt_detr import RTDetrConvEncoder

from cellpheno.core.errors import StudyError
from cellpheno.detection.backends.interface import Library, Limits, Normalisation
from cellpheno.detection.backends.pyramid import PLAIN, group_norm
from cellpheno.networks import weights
from cellpheno.networks.precision import dtype

CELL = 0
DIVISOR = 32
QUERIES = 300
"""Candidates that the network examines; more if it finds that many cells."""
OVERLAP = 0.25
"""Share of a window's side that its neighbour also sees; no cell should be larger."""
LOSSES = ("loss_vfl", "loss_bbox", "loss_giou")
OF_CLASSES = ("class_embed", "enc_score_head")
"""Parts of the names of layers whose shape depends on the number of classes."""
SAFE = ".safetensors"


class _Encoder(RTDetrConvEncoder):
    """The backbone, computed in `precision`; its maps are float32."""

    precision = "auto"

    def forward(self, pixel_values: Tensor, pixel_mask: Tensor) -> list[tuple[Tensor, Tensor]]:
        device = pixel_values.device
        low = dtype(self.precision, device) is torch.bfloat16
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            maps = super().forward(pixel_values, pixel_mask)
        return [(level.float(), mask) for level, mask in maps]


class DetrDetector:
    """RT-DETR as a `Detector`."""

    undecayed = (nn.BatchNorm2d, nn.SyncBatchNorm, nn.GroupNorm, nn.LayerNorm)

    def __init__(self, config: RTDetrConfig, mean: Sequence[float], std: Sequence[float]) -> None:
        self.network = RTDetrForObjectDetection(config).to(memory_format=torch.channels_last)
        self.network.model.backbone.__class__ = _Encoder
        # saved with the weights
        self.network.register_buffer("window", torch.tensor(0))
        self.body: nn.Module = self.network.model.backbone.model
        self.channels: Sequence[str] = ()
        self.transform = Normalisation(list(mean), list(std))

    @property
    def precision(self) -> str:
        """The config's `compute.precision`, of the backbone."""
        return self.network.model.backbone.precision

    @precision.setter
    def precision(self, precision: str) -> None:
        self.network.model.backbone.precision = precision

    def losses(self, images: Sequence[Tensor], boxes: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the losses of scores and boxes, summed over all layers (see `Detector`)."""
        network = self.network.train()
        pixels = self._batch(images)
        height, width = pixels.shape[-2:]
        network.window.fill_(max(network.window.item(), height, width))
        shares = pixels.new_tensor([width, height, width, height])
        labels = [
            {
                "class_labels": torch.full((len(each),), CELL, device=each.device),
                "boxes": box_convert(each / shares, "xyxy", "cxcywh"),
            }
            for each in boxes
        ]
        self._set_queries(QUERIES, pixels)
        found = network.model(pixels, labels=labels)
        scores, corners = found.intermediate_logits, found.intermediate_reference_points
        denoising = found.denoising_meta_values
        # queries made of the annotated boxes come first and have their own losses; the library's
        # own loss lets them compete for the cells in the last layer
        own = denoising["dn_num_split"][0] if denoising else 0
        _, parts, _ = network.loss_function(
            scores[:, -1, own:],
            labels,
            pixels.device,
            corners[:, -1, own:],
            network.config,
            scores,
            corners,
            enc_topk_logits=found.enc_topk_logits,
            enc_topk_bboxes=found.enc_topk_bboxes,
            denoising_meta_values=denoising,
        )
        return {
            kind: torch.stack([part for name, part in parts.items() if name.startswith(kind)]).sum()
            for kind in LOSSES
        }

    @torch.inference_mode()
    def detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return the cells of one image (see `Detector`), seen through windows if it is large.

        Of a cell that two windows show, the box from the window with the nearer centre counts.
        """
        self.network.eval()
        height, width = image.shape[-2:]
        boxes, scores = [image.new_zeros(0, 4)], [image.new_zeros(0)]
        side = self.network.window.item()
        for down, across in itertools.product(windows(height, side), windows(width, side)):
            seen = image[:, down.start : down.stop, across.start : across.stop]
            found, certainty = self._detect(seen, limits)
            found = found + found.new_tensor([across.start, down.start] * 2)
            middle = (found[:, :2] + found[:, 2:]) / 2
            own = (middle[:, 0] >= across.own_start) & (middle[:, 0] < across.own_stop)
            own &= (middle[:, 1] >= down.own_start) & (middle[:, 1] < down.own_stop)
            boxes.append(found[own])
            scores.append(certainty[own])
        everything, certainties = torch.cat(boxes), torch.cat(scores)
        kept = nms(everything, certainties, limits.nms_iou)[: limits.max_detections]
        return everything[kept], certainties[kept]

    def _detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return the cells of one window, with as many queries as needed."""
        pixels = self._batch([image])
        height, width = pixels.shape[-2:]
        queries = QUERIES
        while True:
            most = self._set_queries(min(queries, limits.max_detections), pixels)
            found = self.network(pixels)
            scores = found.logits[0, :, CELL].sigmoid()
            likely = scores > limits.min_score
            if not likely.all() or most < queries:
                break
            queries *= 2
        corners = box_convert(found.pred_boxes[0, likely], "cxcywh", "xyxy")
        corners = corners * corners.new_tensor([width, height, width, height])
        height, width = image.shape[-2:]
        corners = corners.minimum(corners.new_tensor([width, height, width, height])).clamp(min=0)
        return corners, scores[likely]

    def _set_queries(self, wanted: int, pixels: Tensor) -> int:
        """Set the number of queries, at most one for each place, and return it."""
        config, (height, width) = self.network.config, pixels.shape[-2:]
        places = sum(-(-height // s) * -(-width // s) for s in config.feat_strides)
        config.num_queries = min(wanted, places)
        return config.num_queries

    def _batch(self, images: Sequence[Tensor]) -> Tensor:
        """Normalise images and pad them to one size, at the bottom and on the right."""
        # which it checks its input by
        self.network.model.backbone.model.embedder.num_channels = len(self.transform.image_mean)
        height, width = (
            -(-max(image.shape[axis] for image in images) // DIVISOR) * DIVISOR for axis in (1, 2)
        )
        padded = [
            functional.pad(image, (0, width - image.shape[2], 0, height - image.shape[1]))
            for image in self.transform.apply(images)
        ]
        return torch.stack(padded).contiguous(memory_format=torch.channels_last)


@dataclasses.dataclass(frozen=True)
class Window:
    """A part of an axis, and the part of it that is nearer to its centre than to other windows'."""

    start: int
    stop: int
    own_start: float
    own_stop: float


def windows(length: int, side: int) -> list[Window]:
    """Divide an axis into windows of `side` px, or one if 0, that overlap by at least `OVERLAP`."""
    if side <= 0 or length <= side:
        return [Window(0, length, -math.inf, math.inf)]
    count = math.ceil((length - side) / (side * (1 - OVERLAP))) + 1
    starts = [round(number * (length - side) / (count - 1)) for number in range(count)]
    borders = [(start + side + after) / 2 for start, after in itertools.pairwise(starts)]
    borders = [-math.inf, *borders, math.inf]
    return [
        Window(start, start + side, *border)
        for start, border in zip(starts, itertools.pairwise(borders), strict=True)
    ]


def resnet50() -> DetrDetector:
    """RT-DETR with ResNet-50 as its authors built it, for one class."""
    return DetrDetector(_config(RTDetrResNetConfig(out_indices=[2, 3, 4])), [0.0] * 3, [1.0] * 3)


def resnet18_small() -> DetrDetector:
    """RT-DETR that learns on a CPU: three stages of a ResNet-18, strides 8 and 16."""
    body = RTDetrResNetConfig(
        hidden_sizes=[64, 128, 256], depths=[2, 2, 2], layer_type="basic", out_indices=[2, 3]
    )
    config = _config(
        body,
        encoder_in_channels=[128, 256],
        feat_strides=[8, 16],
        num_feature_levels=2,
        encode_proj_layers=[1],
        encoder_hidden_dim=64,
        encoder_ffn_dim=256,
        hidden_expansion=0.5,
        d_model=64,
        decoder_in_channels=[64, 64],
        decoder_ffn_dim=256,
        decoder_layers=3,
    )
    detector = DetrDetector(config, *PLAIN)
    # unlike batch normalisation, it does not depend on the few tiles of a batch
    for name, module in list(detector.network.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            detector.network.set_submodule(name, group_norm(module.num_features))
    return detector


def _config(body: RTDetrResNetConfig, **keys: Any) -> RTDetrConfig:
    # the prior is low because few places of an image show a cell
    return RTDetrConfig(
        backbone_config=body,
        num_labels=1,
        freeze_backbone_batch_norms=False,
        initializer_bias_prior_prob=0.01,
        **keys,
    )


def read(path: str | Path) -> dict[str, Any]:
    """Return the content of a file that torch saved, or of a model of Hugging Face's.

    The latter is the `model.safetensors` in a folder with `config.json`. Nothing is downloaded, and
    the format holds numbers only.
    """
    if Path(path).suffix != SAFE:
        return weights.read(path)
    weights.check_there(path)
    try:
        network = RTDetrForObjectDetection.from_pretrained(
            Path(path).parent, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except Exception as error:  # the library can raise anything
        raise StudyError(
            f"{path} cannot be read as RT-DETR of Hugging Face ({type(error).__name__}); give the "
            "model.safetensors of an unchanged folder that also has its config.json."
        ) from error
    return {"state": network.state_dict()}


def translate(
    content: Mapping[str, Any], network: RTDetrForObjectDetection, path: str | Path
) -> dict[str, Tensor]:
    """Return weights of any classes; layers that depend on their number start at random."""
    state = {"window": network.window, **weights.state_of(content, path)}
    parts = tuple(key for key in state if any(part in key for part in OF_CLASSES))
    return weights.with_own(network, state, parts, path)


BACKBONES: dict[str, Callable[[], DetrDetector]] = {
    "resnet18_small": resnet18_small,
    "resnet50": resnet50,
}
LIBRARY = Library({"rt_detr": BACKBONES}, read, translate)
