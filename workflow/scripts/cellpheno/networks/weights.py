"""Files of weights: read without running anything, and fitted to a network as a whole."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cellpheno.core.errors import StudyError

logger = logging.getLogger(__name__)


def read(path: str | Path) -> dict[str, Any]:
    """Return what `torch.save` wrote: tensors, numbers and texts alone.

    Parameters
    ----------
    path
        Where it lies.

    Raises
    ------
    StudyError
        When there is no such file, or it holds anything else.
    """
    check_there(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can make the unpickler raise anything
        raise StudyError(
            f"{path} cannot be read as weights of torch ({type(error).__name__}); give a file that "
            "torch.save wrote."
        ) from error
    return content if isinstance(content, dict) else {"state": content}


def check_there(path: str | Path) -> None:
    """Refuse a file that is not there."""
    if not Path(path).is_file():
        raise StudyError(f"The weights {path} are not there; correct detection/model/weights.")


def state_of(content: Mapping[str, Any], path: str | Path) -> Mapping[str, Tensor]:
    """Return the state dict in the content of a file.

    Raises
    ------
    StudyError
        When it is none.
    """
    state = content.get("state", content)
    if not isinstance(state, Mapping) or not all(
        isinstance(each, Tensor) for each in state.values()
    ):
        raise StudyError(
            f"The weights {path} are not a state dict (names of weights and their values); save "
            "one with torch.save(network.state_dict(), path)."
        )
    return state


def fill(network: nn.Module, content: Mapping[str, Any], path: str | Path) -> None:
    """Fill a network with the weights of a file, all of them and no others.

    Parameters
    ----------
    network
        The network of a detector.
    content
        A state dict of torch, or a detector that `backends.save` wrote.
    path
        Where it comes from.

    Raises
    ------
    StudyError
        When a weight is missing, unexpected or of another shape.
    """
    state = state_of(content, path)
    problems = misfits(network.state_dict(), state)
    if problems:
        raise StudyError(
            f"The weights {path} do not fit the detector: {'; '.join(problems)}. Give the weights "
            "of this very architecture and backbone with one class of object, or `weights: null`."
        )
    # counts of training steps may be missing, for inference never uses them
    network.load_state_dict(dict(state), strict=False)
    logger.info("%d weights from %s", len(state), path)


def fill_backbone(body: nn.Module, content: Mapping[str, Any], path: str | Path) -> None:
    """Fill the backbone of a detector with the weights of a classifier of images (C16).

    Parameters
    ----------
    body
        The backbone, torchvision's.
    content
        A state dict of torchvision's model; its last linear layer `fc` is left out.
    path
        Where it comes from.

    Raises
    ------
    StudyError
        When its weights are not those of the backbone.
    """
    state = state_of(content, path)
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    problems = misfits(body.state_dict(), state)
    if problems:
        raise StudyError(
            f"The weights {path} do not fit the detector's backbone: {'; '.join(problems)}. Give "
            "torchvision's weights of this very backbone (resnet50), or `backbone_weights: null`."
        )
    body.load_state_dict(state, strict=False)  # older files lack counts that nothing needs
    logger.info("%d weights of the backbone from %s", len(state), path)


def with_own(
    network: nn.Module, state: Mapping[str, Tensor], parts: tuple[str, ...], path: str | Path
) -> dict[str, Tensor]:
    """Return a state dict of other classes of object, with the network's own layers for classes.

    Parameters
    ----------
    network
        Whose layers for classes are kept, as they are.
    state
        Weights of the same network, trained for any classes.
    parts
        Beginnings of the names of the weights whose shape depends on the number of classes.
    path
        Where they come from.
    """
    own = network.state_dict()
    kept = {
        key: own[key]
        for key, value in state.items()
        if key.startswith(parts) and key in own and own[key].shape != value.shape
    }
    if kept:
        logger.info(
            "%s knows other classes; these start anew: %s", Path(path).name, ", ".join(sorted(kept))
        )
    return {**state, **kept}


def misfits(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Return in words which weights are missing, unexpected or of another shape."""
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
