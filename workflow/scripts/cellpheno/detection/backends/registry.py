"""Build detectors by name, load given weights into them, save and load them."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole
from cellpheno.detection.backends.interface import Detector, Library
from cellpheno.detection.backends.pyramid import Pyramid
from cellpheno.networks import first_layer, weights
from cellpheno.networks.batch_norm_folding import Lowered, merge, ready
from cellpheno.networks.precision import channels_last, dtype, log_choice
from cellpheno.study import detector_libraries
from cellpheno.study.inputs import COLOURS

Choice = TypeVar("Choice")

NAMES = ("backend", "architecture", "backbone", "normalisation")
# the parts of torchvision's detectors that are layers, without arithmetic on boxes
LAYERS = ("backbone", "rpn.head", "roi_heads.box_head", "head")
VERSION = 2  # of the file that `save` writes


def build(settings: Mapping[str, Any], channels: Sequence[str] = COLOURS) -> Detector:
    """Build a detector; its random start comes from torch's generator.

    `settings` is the config's `detection/model`: backend, architecture, backbone, weights (a path
    or None), stem and normalisation (`none` shows the network 0 to 255, C18). Weights belong to a
    network that sees red, green and blue, or to a saved detector that saw the same channels.
    Raises StudyError for an unknown name or weights that do not fit.
    """
    library = _library(settings["backend"])
    backbones = _choose(library.architectures, "architecture", settings["architecture"])
    detector = _choose(backbones, "backbone", settings["backbone"])()
    detector.channels = list(channels)
    if path := settings.get("backbone_weights"):
        weights.fill_backbone(detector.body, weights.read(path), path)
    if settings.get("normalisation") == "none":
        transform = detector.transform
        transform.image_mean, transform.image_std = [0.0] * 3, [1 / 255] * 3
    path = settings.get("weights") or ""
    content = library.read(path) if path else {}
    if content and "channels" in content:
        _check_channels(path, content["channels"], channels)
        _fit(detector, len(channels), first_layer.RANDOM)
        weights.fill_detector(detector.network, content, path)
    else:
        if content:
            translated = library.translate(content, detector.network, path)
            weights.fill_detector(detector.network, translated, path)
        _fit(detector, len(channels), settings.get("stem", first_layer.ADAPTED))
    return detector


def _library(name: str) -> Library:
    """Return a library of detectors; each is imported only here."""
    backend = _choose(detector_libraries.BACKENDS, "backend", name)
    try:
        # by name, so that a job depends on the module of its own library alone
        module = importlib.import_module(f"cellpheno.detection.backends.{backend.module}")
    except ImportError as error:
        raise StudyError(
            f"detection/model/backend is {name}, which cannot be imported here ({error}); "
            f"{detector_libraries.remedy(name)}."
        ) from error
    library: Library = module.LIBRARY
    return library


def _check_channels(path: str | Path, saw: Sequence[str], channels: Sequence[str]) -> None:
    if list(saw) != list(channels):
        raise StudyError(
            f"The detector {path} saw {', '.join(saw)}, but detection/input gives it "
            f"{', '.join(channels)}; choose the input that it was trained with."
        )


def _fit(detector: Detector, n_channels: int, stem: str) -> None:
    """Adapt the first convolution and the normalisation of the input to `n_channels`."""
    first_layer.replace(detector.body, n_channels, stem)
    transform = detector.transform
    transform.image_mean = first_layer.spread(transform.image_mean, n_channels)
    transform.image_std = first_layer.spread(transform.image_std, n_channels)
    channels_last(detector.network)


def _choose(known: Mapping[str, Choice], key: str, value: str) -> Choice:
    if value not in known:
        raise StudyError(
            f"detection/model/{key} is {value!r}, which is not known; "
            f"choose one of: {', '.join(sorted(known))}."
        )
    return known[value]


def save(detector: Detector, settings: Mapping[str, Any], path: str | Path) -> None:
    """Write a detector and the names that rebuild it."""
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
    """Read a saved detector for inference; raise StudyError for another file or version.

    All layers compute in `precision`, the config's `compute.precision`; boxes are always float32.
    """
    content = weights.read(path)
    if content.get("version") != VERSION:
        raise StudyError(
            f"{path} is not a detector of version {VERSION} of this workflow; delete it and run "
            "the workflow again to train another one."
        )
    detector = build({**content["model"], "weights": path}, content["channels"])
    log_choice(precision, device)
    detector.precision = precision
    make_ready(detector.network, dtype(precision, device), merged=device.type == "cuda")
    detector.network.to(device)
    return detector


def make_ready(network: nn.Module, numbers: torch.dtype, merged: bool = False) -> None:
    """Fold the batch norms of a network and convert its layers to other numbers, in place.

    Anchors, proposals, pooled regions and boxes stay in float32; on a GPU regions are pooled in the
    layers' format. Layers in bfloat16 can be `merged` for a GPU.
    """
    network.eval().requires_grad_(False)
    pyramid = getattr(network, "backbone", None)
    if not isinstance(pyramid, Pyramid):  # another library's network is left alone
        return
    pyramid.precision = "float32" if numbers is torch.float32 else "bfloat16"
    pyramid.body = ready(pyramid.body, torch.float32)
    if numbers is torch.float32:
        return
    if merged:
        pyramid.body = merge(pyramid.body)
        rpn = getattr(network, "rpn", None)
        if rpn is not None:
            rpn.head.conv = merge(rpn.head.conv)
    modules = dict(network.named_modules())
    for name in LAYERS:
        if name in modules:
            network.set_submodule(name, Lowered(channels_last(modules[name].to(numbers))))
