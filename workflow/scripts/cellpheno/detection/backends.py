"""Detectors by name: build, start from given weights, save, load."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from cellpheno import stems
from cellpheno.detection import torchvision_models
from cellpheno.detection.interface import Detector
from cellpheno.detection.pyramid import Pyramid
from cellpheno.errors import StudyError
from cellpheno.files import whole
from cellpheno.folding import Lowered, ready
from cellpheno.inputs import COLOURS
from cellpheno.precision import dtype, tell

logger = logging.getLogger(__name__)

Choice = TypeVar("Choice")

# backend: architecture: backbone: what builds it
BACKENDS = {"torchvision": torchvision_models.ARCHITECTURES}

NAMES = ("backend", "architecture", "backbone", "normalisation")
# what of torchvision's detectors is layers and no arithmetic with boxes
LAYERS = ("backbone", "rpn.head", "roi_heads.box_head", "head")
VERSION = 2  # of the file that `save` writes


def build(settings: Mapping[str, Any], channels: Sequence[str] = COLOURS) -> Detector:
    """Build a detector; its random start comes from torch's generator.

    Parameters
    ----------
    settings
        The config's `detection/model`: backend, architecture, backbone, weights (a path or None),
        stem and normalisation (`none`: the network sees 0 to 255, C18).
    channels
        What the planes of its images show. Weights are those of a network that sees red, green
        and blue, or of a detector that `save` wrote, which saw the same channels.

    Raises
    ------
    StudyError
        When a name is not known or the weights do not fit.
    """
    architectures = _choose(BACKENDS, "backend", settings["backend"])
    backbones = _choose(architectures, "architecture", settings["architecture"])
    detector = _choose(backbones, "backbone", settings["backbone"])()
    detector.channels = list(channels)
    if settings.get("backbone_weights"):
        load_backbone(detector.network, settings["backbone_weights"])
    if settings.get("normalisation") == "none":
        transform = detector.network.transform
        transform.image_mean, transform.image_std = [0.0] * 3, [1 / 255] * 3
    path = settings.get("weights")
    content = _read(path) if path else {}
    if content and "channels" in content:
        _check_channels(path, content["channels"], channels)
        _fit(detector, len(channels), stems.RANDOM)
        load_weights(detector.network, content, path)
    else:
        if content:
            load_weights(detector.network, content, path)
        _fit(detector, len(channels), settings.get("stem", stems.ADAPTED))
    return detector


def _check_channels(path: str | Path, saw: Sequence[str], channels: Sequence[str]) -> None:
    if list(saw) != list(channels):
        raise StudyError(
            f"The detector {path} saw {', '.join(saw)}, but detection/input shows it "
            f"{', '.join(channels)}; choose the input that it was trained with."
        )


def _fit(detector: Detector, n_channels: int, stem: str) -> None:
    """Let the first convolution and the normalisation of the input take `n_channels`."""
    stems.replace(detector.network, n_channels, stem)
    transform = detector.network.transform
    transform.image_mean = stems.spread(transform.image_mean, n_channels)
    transform.image_std = stems.spread(transform.image_std, n_channels)
    detector.network.to(memory_format=torch.channels_last)


def _choose(known: Mapping[str, Choice], key: str, value: str) -> Choice:
    if value not in known:
        raise StudyError(
            f"detection/model/{key} is {value!r}, which is not known; "
            f"choose one of: {', '.join(sorted(known))}."
        )
    return known[value]


def load_weights(network: nn.Module, content: Mapping[str, Any], path: str | Path) -> None:
    """Fill a network with the weights of a file, all of them and no others.

    Parameters
    ----------
    network
        The network of a detector.
    content
        A state dict of torch, or a detector that `save` wrote.
    path
        Where it comes from.

    Raises
    ------
    StudyError
        When a weight is missing, unexpected or of another shape.
    """
    state = _state(content, path)
    problems = _misfits(network.state_dict(), state)
    if problems:
        raise StudyError(
            f"The weights {path} do not fit the detector: {'; '.join(problems)}. Give the weights "
            "of this very architecture and backbone with one class of object, or `weights: null`."
        )
    network.load_state_dict(dict(state))
    logger.info("%d weights from %s", len(state), path)


def _state(content: Mapping[str, Any], path: str | Path) -> Mapping[str, Tensor]:
    state = content.get("state", content)
    if not isinstance(state, Mapping) or not all(
        isinstance(each, Tensor) for each in state.values()
    ):
        raise StudyError(
            f"The weights {path} are not a state dict (names of weights and their values); save "
            "one with torch.save(network.state_dict(), path)."
        )
    return state


def load_backbone(network: nn.Module, path: str | Path) -> None:
    """Fill the backbone of a detector with the weights of a classifier of images (C16).

    Parameters
    ----------
    network
        The network of a detector with a feature pyramid.
    path
        A state dict of torchvision's model; its last linear layer `fc` is left out.

    Raises
    ------
    StudyError
        When the file cannot be read, or its weights are not those of the backbone.
    """
    state = _state(_read(path), path)
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    body = network.backbone.body
    problems = _misfits(body.state_dict(), state)
    if problems:
        raise StudyError(
            f"The weights {path} do not fit the detector's backbone: {'; '.join(problems)}. Give "
            "torchvision's weights of this very backbone (resnet50), or `backbone_weights: null`."
        )
    body.load_state_dict(state, strict=False)  # older files lack counts that nothing needs
    logger.info("%d weights of the backbone from %s", len(state), path)


def _misfits(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    # a count of training steps that inference never uses and that frozen normalisation leaves out
    needed = [key for key in wanted if not key.endswith("num_batches_tracked")]
    groups = {
        "missing": [key for key in needed if key not in given],
        "unexpected": [key for key in given if key not in wanted],
        "of another shape": [
            f"{key} {tuple(given[key].shape)} instead of {tuple(wanted[key].shape)}"
            for key in needed
            if key in given and given[key].shape != wanted[key].shape
        ],
    }
    return [
        f"{len(keys)} {what} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
        for what, keys in groups.items()
        if keys
    ]


def _read(path: str | Path) -> dict[str, Any]:
    if not Path(path).is_file():
        raise StudyError(f"The weights {path} are not there; correct detection/model/weights.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can make the unpickler raise anything
        raise StudyError(
            f"{path} cannot be read as weights of torch ({type(error).__name__}); give a file that "
            "torch.save wrote."
        ) from error
    return content if isinstance(content, dict) else {"state": content}


def save(detector: Detector, settings: Mapping[str, Any], path: str | Path) -> None:
    """Write a detector with the names that rebuild it."""
    names = {key: settings[key] for key in NAMES if key in settings}
    content = {
        "version": VERSION,
        "model": names,
        "channels": list(detector.channels),
        "state": detector.network.state_dict(),
    }
    with whole(path) as temporary:
        torch.save(content, temporary)


def load(path: str | Path, device: torch.device, precision: str = "auto") -> Detector:
    """Read a detector that `save` wrote, for inference.

    Parameters
    ----------
    path
        The file.
    device
        Where it will compute.
    precision
        The config's `compute.precision`: the numbers of all layers; boxes are always float32.

    Raises
    ------
    StudyError
        When the file is something else, or of another version.
    """
    content = _read(path)
    if content.get("version") != VERSION:
        raise StudyError(
            f"{path} is not a detector of version {VERSION} of this workflow; delete it and run "
            "the workflow again to train it anew."
        )
    detector = build({**content["model"], "weights": path}, content["channels"])
    tell(precision, device)
    make_ready(detector.network, dtype(precision, device))
    detector.network.to(device)
    return detector


def make_ready(network: nn.Module, numbers: torch.dtype) -> None:
    """Fold the batch norms of a network and put its layers into other numbers, in place.

    Anchors, proposals, pooled regions and boxes stay in float32.
    """
    network.eval().requires_grad_(False)
    pyramid = getattr(network, "backbone", None)
    if not isinstance(pyramid, Pyramid):  # another library's network, which keeps its own ways
        return
    pyramid.precision = "float32" if numbers is torch.float32 else "bfloat16"
    pyramid.body = ready(pyramid.body, torch.float32)
    if numbers is torch.float32:
        return
    modules = dict(network.named_modules())
    for name in LAYERS:
        if name in modules:
            part = modules[name].to(dtype=numbers, memory_format=torch.channels_last)
            network.set_submodule(name, Lowered(part))
