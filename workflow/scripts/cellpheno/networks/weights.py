"""Read files of weights without running code, and load them into networks completely."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cellpheno.core.errors import StudyError

logger = logging.getLogger(__name__)


def read(path: str | Path) -> dict[str, Any]:
    """Return what `torch.save` wrote; raise StudyError unless it is tensors, numbers and texts."""
    check_there(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can make the unpickler raise anything
        raise StudyError(
            f"{path} cannot be read as weights ({type(error).__name__}); give a file that "
            "torch.save wrote."
        ) from error
    return content if isinstance(content, dict) else {"state": content}


def check_there(path: str | Path) -> None:
    """Raise StudyError if there is no such file."""
    if not Path(path).is_file():
        raise StudyError(f"There is no file of weights {path}; correct the config's model/weights.")


def state_of(content: Mapping[str, Any], path: str | Path) -> dict[str, Tensor]:
    """Return the state dict in the content of a file; raise StudyError if there is none."""
    state = content.get("state", content)
    if not isinstance(state, dict) or not all(isinstance(each, Tensor) for each in state.values()):
        raise StudyError(
            f"The weights {path} are not a state dict (names of weights and their values); save "
            "one with torch.save(network.state_dict(), path)."
        )
    return state


def fill(
    network: nn.Module, state: Mapping[str, Tensor], path: str | Path, part: str, remedy: str
) -> None:
    """Load a complete state dict into a part of a model; raise StudyError if it does not fit."""
    problems = misfits(network.state_dict(), state)
    if problems:
        raise StudyError(f"The weights {path} do not fit {part}: {'; '.join(problems)}. {remedy}")
    # files may lack counts of training steps, which inference never uses
    network.load_state_dict(state, strict=False)
    logger.info("%d weights of %s from %s", len(state), part, path)


def fill_detector(network: nn.Module, content: Mapping[str, Any], path: str | Path) -> None:
    """Load a state dict, or that of a saved detector; raise StudyError if it does not fit."""
    remedy = "Give the weights of this very architecture and backbone with one class of object, or "
    fill(network, dict(state_of(content, path)), path, "the detector", f"{remedy}`weights: null`.")


def fill_backbone(body: nn.Module, content: Mapping[str, Any], path: str | Path) -> None:
    """Load torchvision's classifier without `fc` into a detector's backbone (C16), if it fits."""
    state = {k: value for k, value in state_of(content, path).items() if not k.startswith("fc.")}
    remedy = "Give torchvision's weights of this very backbone (resnet50), or "
    fill(body, state, path, "the detector's backbone", f"{remedy}`backbone_weights: null`.")


def with_own(
    network: nn.Module, state: Mapping[str, Tensor], parts: tuple[str, ...], path: str | Path
) -> dict[str, Tensor]:
    """Return `state` with the network's own weights for layers that depend on the classes.

    `parts` are prefixes of the names of such weights; they are replaced if shapes differ.
    """
    own = network.state_dict()
    kept = {
        key: own[key]
        for key, value in state.items()
        if key.startswith(parts) and key in own and own[key].shape != value.shape
    }
    if kept:
        logger.info(
            "%s has other classes; layers that start at random: %s",
            Path(path).name,
            ", ".join(kept),
        )
    return {**state, **kept}


def misfits(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Describe which weights are missing, unexpected or of another shape."""
    # frozen normalisation has no such count, and inference never uses it
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
