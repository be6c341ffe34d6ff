"""Run Faster R-CNN on a GPU: torchvision's arithmetic in steps of fixed shapes.

torchvision waits for a number from the GPU some fifteen times a field, and each time the GPU idles.
Here rejected boxes keep their places with a score below all others, so that the number of boxes is
known beforehand; only the suppressions change it, and the steps between them are recorded and
replayed. Feature maps stay channels last from the first layer to the pooling.
"""

import functools
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import MultiScaleRoIAlign, batched_nms, clip_boxes_to_image, nms
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool

from cellpheno.detection.backends.interface import Limits
from cellpheno.networks.batch_norm_folding import Lowered
from cellpheno.networks.cuda_graphs import Recorded

NONE = -1.0
"""Score of rejected boxes, below every probability."""
FEWEST_SLOTS = 512
SIZES = 4
"""Sizes of images whose recordings are kept; one of a large field takes more than a gigabyte."""
SMALLEST = 1e-2
"""Shortest side of a cell in px, as in torchvision."""


class Grids(NamedTuple):
    """Where the pixels of the pyramid's levels lie in one table.

    `rows` [levels, 4]: height, width, px of the level per px of the image, and first row of the
    table. `finest`: halvings from the image to the first level.
    """

    rows: Tensor
    finest: int


class TwoStages:
    """Both stages of a Faster R-CNN that is ready for inference, its weights fixed."""

    def __init__(self, network: FasterRCNN) -> None:
        self.network = network
        device = next(network.parameters()).device
        self.mean, self.std = (
            torch.tensor(each, device=device).view(-1, 1, 1)
            for each in (network.transform.image_mean, network.transform.image_std)
        )
        self.pyramid, self.head = inner(network.backbone), inner(network.rpn.head)
        layers = self.head.cls_logits, self.head.bbox_pred
        # both have the same input: one product, padded to the size of matrix units
        empty = -sum(layer.out_channels for layer in layers) % 8
        parts = [(layer.weight.flatten(1), layer.bias) for layer in layers]
        self.weight, self.bias = (
            torch.cat([*each, each[0].new_zeros(empty, *each[0].shape[1:])])
            for each in zip(*parts, strict=True)
        )
        self._made: dict[tuple[float, ...], tuple[Recorded, Recorded]] = {}

    def detect(self, image: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Return boxes [n, 4] px and scores [n], best first, in an image [C, height, width]."""
        first, second = self._stages((image.shape[1], image.shape[2]), limits)
        table, boxes, scores, levels = first(image)
        likely = (scores > NONE).nonzero()[:, 0]
        boxes, scores, levels = boxes[likely], scores[likely], levels[likely]
        kept = batched_nms(boxes, scores, levels, self.network.rpn.nms_thresh)
        kept = kept[: limits.after_nms]
        slots = boxes.new_zeros(_slots(len(kept)), 4)
        slots[: len(kept)] = boxes[kept]
        boxes, chances = second(table, slots)
        boxes, chances = boxes[: len(kept)], chances[: len(kept)]
        sure = (chances > limits.min_score).nonzero()[:, 0]
        boxes, chances = boxes[sure], chances[sure]
        kept = nms(boxes, chances, limits.nms_iou)[: limits.max_detections]
        return boxes[kept], chances[kept]

    def _stages(self, size: tuple[int, int], limits: Limits) -> tuple[Recorded, Recorded]:
        """Return both stages for images of a size, recorded unless there are many sizes."""
        most, least = limits.before_nms, limits.min_objectness
        key = (*size, most, least)
        if key in self._made:
            return self._made[key]
        anchors, grids = self.survey(size)
        first = functools.partial(self.first, most=most, least=least, anchors=anchors)
        second = functools.partial(self.second, size=size, grids=grids)
        if len(self._made) >= SIZES:
            return Recorded(first, most=0), Recorded(second, most=0)
        self._made[key] = Recorded(first, most=1), Recorded(second, in_place=1)
        return self._made[key]

    @torch.inference_mode()
    def survey(self, size: tuple[int, int]) -> tuple[list[Tensor], Grids]:
        """Return anchors [h * w * shapes, 4] px of every level, and grids, for a size of images."""
        network, pooler = self.network, self.network.roi_heads.box_roi_pool
        seen = network.transform([self.mean.new_zeros(len(self.mean), *size)])[0]
        maps = network.backbone(seen.tensors)
        generator = network.rpn.anchor_generator
        [anchors] = generator(ImageList(seen.tensors, [size]), list(maps.values()))
        shapes = zip(maps.values(), generator.num_anchors_per_location(), strict=True)
        counts = [each.shape[2] * each.shape[3] * number for each, number in shapes]
        rows, begin = [], 0
        for name in pooler.featmap_names:
            height, width = maps[name].shape[2:]
            rows.append([height, width, 2.0 ** round(math.log2(height / size[0])), begin])
            begin += height * width
        finest = round(-math.log2(rows[0][2]))
        return list(anchors.split(counts)), Grids(self.mean.new_tensor(rows), finest)

    @torch.inference_mode()
    def first(
        self, image: Tensor, most: int, least: float, anchors: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the feature maps and every level's best proposals: boxes, scores and levels.

        Maps are a table [pixels of all pooled levels, D]; boxes are [k, 4]; scores [k] are `NONE`
        for rejected proposals; levels are [k].
        """
        rpn, names = self.network.rpn, self.network.roi_heads.box_roi_pool.featmap_names
        height, width = image.shape[1:]
        levels = self.levels(image)
        found = []
        for level, (seen, around) in enumerate(zip(levels.values(), anchors, strict=True)):
            output = functional.linear(
                self.head.conv(seen).permute(0, 2, 3, 1), self.weight, self.bias
            ).flatten(0, 2)
            shapes = len(around) // len(output)  # in the order of the anchors
            likely, moved = output[:, :shapes].flatten(), output[:, shapes : 5 * shapes]
            best, rows = likely.float().topk(min(most, len(likely)))
            moved = moved.unflatten(1, (shapes, 4))[rows // shapes, rows % shapes].float()
            boxes = clip_boxes_to_image(decode(moved, around[rows], rpn.box_coder), (height, width))
            scores = best.sigmoid()
            no = (boxes[:, 2:] - boxes[:, :2] < rpn.min_size).any(1) | (scores < least)
            found.append((boxes, scores.masked_fill(no, NONE), torch.full_like(rows, level)))
        table = torch.cat([levels[name].permute(0, 2, 3, 1).flatten(0, 2) for name in names])
        boxes, scores, numbers = (torch.cat(each) for each in zip(*found, strict=True))
        return table, boxes, scores, numbers

    def levels(self, image: Tensor) -> dict[str, Tensor]:
        """Return the maps [1, D, h, w] of an image [C, height, width] by name, finest first."""
        height, width = image.shape[1:]
        multiple = self.network.transform.size_divisible
        padded = [-(-side // multiple) * multiple for side in (height, width)]
        shown = torch.zeros(
            (1, len(image), *padded),
            dtype=next(self.pyramid.parameters()).dtype,
            device=image.device,
        ).contiguous(memory_format=torch.channels_last)
        shown[0, :, :height, :width] = (image - self.mean).div_(self.std)
        return pyramid(self.pyramid.fpn, self.pyramid.body(shown))

    @torch.inference_mode()
    def second(
        self, table: Tensor, proposals: Tensor, size: tuple[int, int], grids: Grids
    ) -> tuple[Tensor, Tensor]:
        """Return the final boxes [n, 4] and their scores [n], `NONE` if without extent.

        `table` and `grids` come from `first` and `survey`; proposals are [n, 4].
        """
        heads = self.network.roi_heads
        seen = heads.box_head(pool(table, proposals, heads.box_roi_pool, grids))
        logits, deltas = heads.box_predictor(seen)
        boxes = decode(deltas[:, 4:], proposals, heads.box_coder)  # the first four: background
        boxes = clip_boxes_to_image(boxes, size)
        small = (boxes[:, 2:] - boxes[:, :2] < SMALLEST).any(1)
        return boxes, logits.softmax(1)[:, 1].masked_fill(small, NONE)


def pyramid(network: FeaturePyramidNetwork, stages: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the levels of a feature pyramid over a backbone's stages, channels last."""
    names, maps = list(stages), list(stages.values())
    levels: list[Tensor] = []
    above: Tensor | None = None
    for number in reversed(range(len(maps))):
        [layer] = network.inner_blocks[number]
        weight = layer.weight.flatten(1)
        seen = functional.linear(maps[number].permute(0, 2, 3, 1), weight, layer.bias)
        if above is not None:
            double = seen.unflatten(1, (-1, 2)).unflatten(3, (-1, 2))
            double += above[:, :, None, :, None]
        above = seen
        levels.insert(0, network.layer_blocks[number](seen.permute(0, 3, 1, 2)))
    if isinstance(network.extra_blocks, LastLevelMaxPool):  # its windows have one pixel
        levels.append(levels[-1][:, :, ::2, ::2])
        names.append("pool")
    elif network.extra_blocks is not None:
        levels, names = network.extra_blocks(levels, maps, names)
    return dict(zip(names, levels, strict=True))


def pool(table: Tensor, boxes: Tensor, pooler: MultiScaleRoIAlign, grids: Grids) -> Tensor:
    """Return the result of torchvision's pooler, [n, D, side, side], from a table of all levels.

    Each place of the result is the mean over samples that each lie between four pixels: a weighted
    sum over rows of the table.
    """
    side, _ = pooler.output_size
    samples = pooler.sampling_ratio
    extent = (boxes[:, 2:] - boxes[:, :2]).prod(1).sqrt()
    level = torch.floor(
        pooler.canonical_level + torch.log2(extent / pooler.canonical_scale) + 1e-6
    ).clamp(grids.finest, grids.finest + len(grids.rows) - 1)
    height, width, scale, begin = grids.rows[(level - grids.finest).long()].T[..., None]
    steps = (torch.arange(side * samples, device=boxes.device) + 0.5) / (side * samples)
    places = []
    for axis, pixels in ((1, height), (0, width)):
        low, high = boxes[:, axis, None] * scale, boxes[:, axis + 2, None] * scale
        at = low + steps * (high - low).clamp(min=1)
        seen = (at >= -1) & (at <= pixels)
        at = at.clamp(min=0).minimum(pixels - 1)
        before = at.floor()
        after = (before + 1).minimum(pixels - 1)
        share = at - before
        weights = torch.stack([1 - share, share], 2) * seen[..., None] / samples
        # [n, side, samples * 2]
        places.append([torch.stack([before, after], 2), weights])
        places[-1] = [each.reshape(len(boxes), side, -1) for each in places[-1]]
    (rows, down), (columns, across) = places
    taken = (rows.long() * width.long()[..., None] + begin.long()[..., None])[:, :, None, :, None]
    taken = taken + columns.long()[:, None, :, None, :]
    weights = down[:, :, None, :, None] * across[:, None, :, None, :]
    # one list of rows of the table for each place: [n * side * side, (samples * 2) ** 2]
    taken, weights = (each.flatten(3).flatten(0, 2) for each in (taken, weights))
    pooled = functional.embedding_bag(
        taken, table, mode="sum", per_sample_weights=weights.to(table.dtype)
    )
    return pooled.view(len(boxes), side * side, -1).mT.reshape(len(boxes), -1, side, side)


def decode(deltas: Tensor, boxes: Tensor, coder: BoxCoder) -> Tensor:
    """Return boxes [n, 4] moved by a network's output [n, 4], as torchvision's coder does."""
    sides = boxes[:, 2:] - boxes[:, :2]
    centres = boxes[:, :2] + 0.5 * sides
    across, down, wide, high = coder.weights
    moved = torch.stack([deltas[:, 0] / across, deltas[:, 1] / down], 1) * sides + centres
    grown = torch.stack([deltas[:, 2] / wide, deltas[:, 3] / high], 1)
    half = 0.5 * (grown.clamp(max=coder.bbox_xform_clip).exp() * sides)
    return torch.cat([moved - half, moved + half], 1)


def inner(part: nn.Module) -> Any:
    """Return a part that computes in its own dtype, without the conversions around it."""
    return part.part if isinstance(part, Lowered) else part


def _slots(count: int) -> int:
    """Return room for `count` proposals, rounded up to one of few different numbers."""
    return max(FEWEST_SLOTS, 2 ** math.ceil(math.log2(max(1, count))))
