"""Provide the unscaled input and the feature pyramids of the torchvision detectors."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import resnet18, resnet50
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops.feature_pyramid_network import ExtraFPNBlock, LastLevelMaxPool

from cellpheno.networks.precision import channels_last, dtype

# A network that starts from random weights needs centred, unit-scale input and no more; one that
# starts from ImageNet or COCO weights needs their normalisation.
PLAIN = ((0.2, 0.2, 0.2), (0.2, 0.2, 0.2))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class NativeResolution(GeneralizedRCNNTransform):
    """Normalise and pad, but never resize.

    torchvision silently shrinks every image to at most 800 x 1333 pixels; here the network sees
    every pixel, and any scaling (A17, A20) is done before.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(min_size=0, max_size=0, image_mean=list(mean), image_std=list(std))

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """Return image and target as they are."""
        return image, target


class Pyramid(BackboneWithFPN):
    """Feature pyramid, computed in `precision` and returned in float32.

    In training only this part runs in bfloat16: torchvision computes boxes in the dtype of the
    features, and a bfloat16 coordinate of a 2000 px field is rounded to 8 px.
    """

    precision = "auto"
    """The config's `compute.precision`."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the feature maps of a batch [n, channels, height, width] by name, finest first."""
        low = dtype(self.precision, x.device) is torch.bfloat16
        with torch.autocast(x.device.type, torch.bfloat16, enabled=low):
            maps = super().forward(x)
        return {name: level.float() for name, level in maps.items()}


class OfTorchvision:
    """Base of the detectors from torchvision's parts (see `interface.Detector`)."""

    undecayed: tuple[type[nn.Module], ...] = ()

    def __init__(self, network: nn.Module) -> None:
        self.network: Any = channels_last(network)  # of a library without types
        self.channels: Sequence[str] = ()

    @property
    def body(self) -> nn.Module:
        """The ResNet below the pyramid."""
        return self.network.backbone.body

    @property
    def transform(self) -> NativeResolution:
        """The normalisation, a part of the network."""
        return self.network.transform

    @property
    def precision(self) -> str:
        """The config's `compute.precision`, of the pyramid."""
        return self.network.backbone.precision

    @precision.setter
    def precision(self, precision: str) -> None:
        self.network.backbone.precision = precision


def small_pyramid(first_layer: int) -> Pyramid:
    """Return ResNet-18 without its last stage, with a pyramid of 64 channels, for CPUs.

    Group normalisation, unlike batch normalisation, does not depend on the few tiles of a batch.
    `first_layer` is the finest stage in the pyramid: 1 (stride 4) or 2 (stride 8).
    """
    layers = range(first_layer, 4)
    return Pyramid(
        resnet18(norm_layer=group_norm),
        return_layers={f"layer{layer}": str(row) for row, layer in enumerate(layers)},
        in_channels_list=[32 * 2**layer for layer in layers],
        out_channels=64,
    )


def resnet50_pyramid(first_layer: int, extra: ExtraFPNBlock | None = None) -> Pyramid:
    """Return ResNet-50 with a pyramid of 256 channels.

    Batch normalisation is trained, as the published SyncBN is (A14). `first_layer` is the finest
    stage in the pyramid: 1 (stride 4) or 2 (stride 8); `extra` makes the levels above the last
    stage, by default one by pooling.
    """
    layers = range(first_layer, 5)
    return Pyramid(
        resnet50(norm_layer=nn.BatchNorm2d),
        return_layers={f"layer{layer}": str(row) for row, layer in enumerate(layers)},
        in_channels_list=[128 * 2**layer for layer in layers],
        out_channels=256,
        extra_blocks=extra or LastLevelMaxPool(),
    )


def group_norm(channels: int) -> nn.GroupNorm:
    """Return a group normalisation of at least four channels a group."""
    return nn.GroupNorm(min(32, channels // 4), channels)
