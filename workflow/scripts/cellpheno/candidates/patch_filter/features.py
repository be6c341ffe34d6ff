"""Describe patches by features of a pretrained ResNet-18, or by image statistics."""

import itertools
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import torchvision
from torch import nn

from cellpheno.images import store
from cellpheno.images.crops import Geometry, cut, cut_from_shards
from cellpheno.networks.backbones import IMAGENET_MEAN, IMAGENET_STD, load_original
from cellpheno.tables.columns import BOX_COLUMNS

Crops = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]

NETWORK = "resnet18"
STATISTICS = "image statistics"
BATCH = 64
BLURS = (1.0, 2.0, 4.0, 8.0)
"""Standard deviations of the Gaussian blurs, in pixels, between which structure is measured."""
BLOCKS = 4
"""Blocks along each side of a patch, which show whether it is partly empty."""
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)

logger = logging.getLogger(__name__)


class Describer:
    """Describes patches: by a network if its weights are given, else by statistics.

    `weights` is torchvision's state dict of ResNet-18 (ImageNet), `size` a patch's side in pixels.
    """

    def __init__(self, weights: str | None, size: int, device: torch.device) -> None:
        self.geometry = Geometry(margin=0.0, border=0.0, size=size)
        self.device = device
        self.network = None if weights is None else _network(Path(weights)).to(device)
        self.kind = STATISTICS if weights is None else NETWORK
        if weights is None:
            logger.warning(
                "patch_filter.weights names no file: patches are described by image statistics "
                "instead of the features of a pretrained ResNet-18 (docs/labels.md)"
            )

    def describe(self, crops: Crops) -> Array:
        """Return the features [n, D] of patches [n, S, S, 3]; D is 512 with the network."""
        if self.network is None:
            found = [statistics(crop) for crop in crops]
            return np.array(found, dtype=np.float32).reshape(len(crops), -1)
        starts = range(0, max(1, len(crops)), BATCH)
        return np.concatenate([self._pooled(self.network, crops[at : at + BATCH]) for at in starts])

    @torch.inference_mode()
    def _pooled(self, network: nn.Module, crops: Crops) -> Array:
        images = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device)
        images = images.permute(0, 3, 1, 2).float() / 255
        mean, std = (torch.tensor(v, device=self.device) for v in (IMAGENET_MEAN, IMAGENET_STD))
        images = (images - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
        return network(images).float().cpu().numpy()

    def of_examples(self, shards: Iterable[str | Path], examples: pd.DataFrame) -> Crops:
        """Return the crops [n, S, S, 3] of labelled patches of many fields."""
        size = self.geometry.size
        crops = np.empty((len(examples), size, size, 3), dtype=np.uint8)
        cut_from_shards(shards, examples, self.geometry, crops)
        return crops

    def of_shard(self, shard: str | Path, patches: pd.DataFrame) -> Iterator[tuple[str, Crops]]:
        """Yield each field of a shard that has patches, with their crops [n, S, S, 3]."""
        rows = patches.groupby("field").indices
        boxes = patches[BOX_COLUMNS].to_numpy(np.float64)
        for field, image in store.read(shard, rows):
            yield field, cut(image, boxes[rows[field]], self.geometry)


def _network(path: Path) -> nn.Module:
    """Return ResNet-18 up to its global average pool of 512 values (L9)."""
    network = torchvision.models.resnet18(weights=None)
    load_original(network, path)
    network.fc = nn.Identity()
    return network.eval().requires_grad_(False)


def statistics(crop: Crops) -> npt.NDArray[np.float32]:
    """Describe a patch [S, S, 3] by its brightness and by its structure from fine to coarse.

    Mean, standard deviation, skewness and percentiles of the grey values; the logarithm of the
    variance between successive Gaussian blurs (the first ones vanish first when out of focus); the
    mean slope after each blur; smallest, median and largest standard deviation of 4 x 4 blocks, and
    the standard deviation of their means. Turning or mirroring the patch changes nothing.
    """
    grey = crop.mean(axis=2, dtype=np.float32) / 255
    mean, sd = float(grey.mean()), float(grey.std())
    skewness = float(((grey - mean) ** 3).mean()) / max(sd, 1e-3) ** 3
    blurred = [grey, *(cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in BLURS)]
    bands = [np.log(np.var(a - b) + 1e-8) for a, b in itertools.pairwise(blurred)]
    slopes = [np.log(np.hypot(*np.gradient(part)).mean() + 1e-6) for part in blurred[1:]]
    side = grey.shape[0] // BLOCKS * BLOCKS
    blocks = grey[:side, :side].reshape(BLOCKS, side // BLOCKS, BLOCKS, -1).swapaxes(1, 2)
    means, sds = blocks.mean(axis=(2, 3)), blocks.std(axis=(2, 3))
    spread = [sds.min(), np.median(sds), sds.max(), means.std()]
    percentiles = np.percentile(grey, PERCENTILES)
    return np.array([mean, sd, skewness, *percentiles, *bands, *slopes, *spread], np.float32)
