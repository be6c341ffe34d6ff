"""Build, save and load classifiers: a torchvision backbone under a head of our own."""

import collections
import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torchvision
from torch import nn

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole
from cellpheno.images.crops import Geometry
from cellpheno.networks import first_layer
from cellpheno.networks.batch_norm_folding import merge, ready
from cellpheno.networks.precision import dtype, log_choice
from cellpheno.networks.weights import fill, state_of
from cellpheno.networks.weights import read as read_weights

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclasses.dataclass(frozen=True)
class Family:
    """Particulars of one family of torchvision's models.

    `head` names the layer that gives the classes, linear or a 1 x 1 convolution; our own head
    replaces it and the modules of `left_out`. `relu`: torchvision's `forward` applies a ReLU after
    the last module. `norm`: the head begins with a LayerNorm, which stays. `auxiliary`: the module
    that a second head watches in training, and the module that is this head. `mean` and `std`:
    those of the images that the published weights were trained with, on the scale from 0 to 1.
    `channel`: axis of the channels in the modules' outputs, up to a module called `permute`.
    `options`: those of torchvision's builder.
    """

    head: str
    relu: bool = False
    norm: bool = False
    left_out: tuple[str, ...] = ("avgpool",)
    auxiliary: tuple[str, str] | None = None
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    channel: int = 1
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


FAMILIES = {
    "resnet": Family("fc"),
    "densenet": Family("classifier", relu=True),
    "mnasnet": Family("classifier"),
    "mobilenet_v2": Family("classifier"),
    "convnext": Family("classifier", norm=True),
    "efficientnet_b": Family("classifier"),
    "swin_": Family("head", left_out=("avgpool", "flatten"), channel=3),
    # no ReLU after the last convolution, unlike torchvision, because no logit could be negative
    "squeezenet": Family("classifier"),
    "inception_v3": Family(
        "fc",
        left_out=("avgpool", "dropout", "AuxLogits"),
        auxiliary=("Mixed_6e", "AuxLogits"),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        options={"init_weights": True},
    ),
}
"""Families by the prefix of their models' names."""


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """The keys of the config's `classification/model`."""

    backbone: str
    weights: str | None = None
    frozen_batch_norm: bool = False
    dropout: float = 0.0
    stem: str = first_layer.ADAPTED
    normalisation: str = "matched"
    auxiliary_loss: float = 0.0


class Classifier(nn.Module):
    """Features, global average pool, dropout, linear layer to the classes (A30).

    The modules of `backbone` keep torchvision's names, such as `layer3` or `features.18`.

    `backbone` maps [N, C, H, W] to [N, D, h, w], with D = `n_features`; `norm` is applied to the
    pooled [N, D, 1, 1]. `mean` and `std` of the input's channels are on the scale from 0 to 1
    (A29). `auxiliary` names the module of `backbone` that a second head watches in training, and
    gives that head, from feature maps to logits; inference does not use it.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        backbone: nn.Module,
        norm: nn.Module,
        n_features: int,
        n_classes: int,
        mean: npt.ArrayLike,
        std: npt.ArrayLike,
        settings: ModelSettings,
        auxiliary: tuple[str, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.watched = auxiliary[0] if auxiliary else ""
        self.auxiliary = auxiliary[1] if auxiliary else None
        self.n_features = n_features
        self.backbone = backbone
        self.norm = norm
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(n_features, n_classes)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the last feature maps [N, D, h, w] of uint8 images [N, C, H, W], float32."""
        dtype = next((p.dtype for p in self.backbone.parameters()), torch.float32)
        return self.backbone(((images.float() / 255 - self.mean) / self.std).to(dtype)).float()

    def pooled(self, images: torch.Tensor) -> torch.Tensor:
        """Return the pooled features [N, D] of uint8 images [N, C, H, W]."""
        return self.pool(self.features(images))

    def pool(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the pooled features [N, D] of feature maps [N, D, h, w]."""
        return self.norm(maps.mean((2, 3), keepdim=True)).flatten(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits [N, classes] of uint8 images [N, C, H, W]."""
        return self.head(self.dropout(self.pooled(images)))

    def training_logits(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the logits, and those of the auxiliary head if there is one, [N, classes]."""
        if self.auxiliary is None:
            return self(images), None
        seen: list[torch.Tensor] = []
        layer = self.backbone.get_submodule(self.watched)
        handle = layer.register_forward_hook(lambda module, inputs, output: seen.append(output))
        try:
            logits = self(images)
        finally:
            handle.remove()
        return logits, self.auxiliary(seen[0])

    def train(self, mode: bool = True) -> "Classifier":
        """Switch to training; a frozen batch norm keeps using its stored statistics."""
        super().train(mode)
        if self.settings.frozen_batch_norm:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self


def family(name: str) -> Family:
    """Return the family of a torchvision model; raise StudyError if it is not supported."""
    names = [n for n in torchvision.models.list_models(torchvision.models) if _family(n)]
    if name not in names:
        raise StudyError(
            f"classification/model/backbone is {name!r}; choose one of {', '.join(names)}."
        )
    return FAMILIES[_family(name)]


def channel_axis(name: str, layer: str) -> int:
    """Return the axis of the channels in the output of a backbone's module."""
    known = FAMILIES.get(_family(name))
    return known.channel if known and layer != "permute" else 1


def _family(name: str) -> str:
    return next((start for start in FAMILIES if name.startswith(start)), "")


def build(
    settings: ModelSettings,
    n_classes: int,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
) -> Classifier:
    """Return a new classifier, its weights random or those of `settings.weights`.

    Random weights come from torch's generator: seed it first. The input has as many channels as
    `mean` and `std` have values, on the scale from 0 to 1.
    """
    kind = family(settings.backbone)
    original = torchvision.models.get_model(settings.backbone, weights=None, **kind.options)
    if settings.weights is not None:
        load_original(original, Path(settings.weights))
    elif settings.frozen_batch_norm:
        raise StudyError(
            "classification/model/frozen_batch_norm is true but classification/model/weights "
            "names no file; without weights there are no batch-norm statistics to keep."
        )
    first_layer.replace(original, len(mean), settings.stem)
    head = original.get_submodule(kind.head)
    n_features = next(
        module.in_features if isinstance(module, nn.Linear) else module.in_channels
        for module in head.modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    )
    modules = collections.OrderedDict(
        (name, module)
        for name, module in original.named_children()
        if name not in (*kind.left_out, kind.head)
    )
    if kind.relu:
        modules["relu"] = nn.ReLU()
    norm = head[0] if kind.norm else nn.Identity()
    auxiliary = None
    if settings.auxiliary_loss and kind.auxiliary:
        watched, name = kind.auxiliary
        second = original.get_submodule(name)
        second.fc = nn.Linear(second.fc.in_features, n_classes)
        auxiliary = watched, second
    backbone = nn.Sequential(modules)
    return Classifier(backbone, norm, n_features, n_classes, mean, std, settings, auxiliary)


def input_statistics(
    settings: ModelSettings,
    n_channels: int,
    of_crops: Callable[[], tuple[list[float], list[float]]],
) -> tuple[list[float], list[float]]:
    """Return the mean and standard deviation, per channel from 0 to 1, that normalise the input.

    `settings.normalisation` is `crops` for those of the training crops (A29), which `of_crops`
    returns; `imagenet` for those of the images that published weights were trained with; `matched`
    for the latter if weights are given, else the former; `none` to show the network 0 to 255 (C45).
    """
    kind = settings.normalisation
    if kind == "none":
        return [0.0] * n_channels, [1 / 255] * n_channels
    if kind == "imagenet" or (kind == "matched" and settings.weights is not None):
        known = family(settings.backbone)
        return first_layer.spread(known.mean, n_channels), first_layer.spread(known.std, n_channels)
    return of_crops()


def load_original(model: nn.Module, path: Path) -> None:
    """Load torchvision's state dict into torchvision's model, every key and no other.

    Raises
    ------
    StudyError
        When the file does not exist, is no state dict, or does not fit; names the first keys.
    """
    state = state_of(read_weights(path), path)
    for key in list(state):  # in place, because some models need the metadata of the state dict
        # torchvision's densenet files still have the layer names of 2017
        state[re.sub(r"(denselayer\d+\.(?:norm|conv))\.", r"\1", key)] = state.pop(key)
    part = f"torchvision's {type(model).__name__} of the config's classification/model/backbone"
    remedy = "Give the state dict of the original model with its 1000 classes."
    fill(model, state, path, part, remedy)


@dataclasses.dataclass(frozen=True)
class Trained:
    """A classifier ready for use: its classes, and the geometry and channels of its crops."""

    model: Classifier
    classes: list[str]
    geometry: Geometry
    channels: list[str]


def save(path: str | Path, trained: Trained) -> None:
    """Write a classifier: weights, normalisation, classes, settings, crop geometry, channels."""
    state = {
        "state": {key: value.cpu() for key, value in trained.model.state_dict().items()},
        "classes": trained.classes,
        "model": dataclasses.asdict(trained.model.settings),
        "crops": dataclasses.asdict(trained.geometry),
        "channels": trained.channels,
    }
    # a stream, because torch would put the name of the temporary file into the archive
    with whole(path) as temporary, temporary.open("wb") as stream:
        torch.save(state, stream)


def load(path: str | Path, device: torch.device, precision: str = "auto") -> Trained:
    """Read a saved classifier for inference: no gradients, batch norms folded.

    The backbone computes in the config's `compute.precision`; pooling and head stay in float32.
    """
    state = read_weights(path)
    settings = ModelSettings(**{**state["model"], "weights": None, "frozen_batch_norm": False})
    unknown = [0.0] * len(state["channels"])  # until the state is loaded
    model = build(settings, len(state["classes"]), unknown, unknown)
    model.load_state_dict(state["state"])
    model.eval().requires_grad_(False)
    log_choice(precision, device)
    numbers = dtype(precision, device)
    model.backbone = ready(model.backbone, numbers)
    if device.type == "cuda" and numbers is not torch.float32:
        model.backbone = merge(model.backbone)
    model.to(device)
    return Trained(model, state["classes"], Geometry(**state["crops"]), state["channels"])


def to_tensor(crops: npt.NDArray[np.uint8] | torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return crops [n, S, S, C] as uint8 images [n, C, S, S] on the device, channels last."""
    if not torch.is_tensor(crops):
        crops = torch.from_numpy(np.ascontiguousarray(crops))
    return crops.to(device).permute(0, 3, 1, 2)
