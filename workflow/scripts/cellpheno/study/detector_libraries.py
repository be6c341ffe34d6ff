"""Which libraries have which detectors, and where each runs; checked before any compute."""

import dataclasses
import importlib.util
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known


@dataclasses.dataclass(frozen=True)
class Backend:
    """A library of detectors, as the config may name it."""

    environment: str
    """The file in `envs` that holds it."""
    architectures: tuple[str, ...]
    takes_backbone_weights: bool = False
    """Whether its ResNet-50 takes torchvision's weights of a classifier."""


BACKENDS = {
    "torchvision": Backend("torch", ("faster_rcnn", "fcos", "retinanet"), True),
    "detectron2": Backend("detectron2", ("faster_rcnn",)),
    "transformers": Backend("transformers", ("rt_detr",)),
}


def check(settings: dict[str, Any], where: str) -> None:
    """Refuse a detector that its library does not have.

    Parameters
    ----------
    settings
        The config's section `detection` with the overrides of one detector.
    where
        Of these settings, for messages.

    Raises
    ------
    StudyError
        For the first contradiction.
    """
    model = settings["model"]
    backend = BACKENDS[model["backend"]]
    what = f"architectures of {model['backend']}"
    where = f"{where}: detection.model"
    check_known(model["architecture"], list(backend.architectures), f"{where}.architecture", what)
    if model["backbone_weights"] and not backend.takes_backbone_weights:
        raise StudyError(
            f"{where}.backbone_weights are weights of torchvision's, which {model['backend']} "
            "cannot start from; leave them out, or give weights of the whole detector."
        )


def check_installed(settings: dict[str, Any], where: str) -> None:
    """Refuse a detector whose library this Python does not have.

    Parameters
    ----------
    settings
        The config's section `detection` with the overrides of one detector.
    where
        Of these settings, for messages.

    Raises
    ------
    StudyError
        When it cannot be imported.
    """
    name = settings["model"]["backend"]
    if name == "torchvision":
        return
    found = importlib.util.find_spec(name)
    # the folder of a clone can be imported as well, as a package without a file of its own
    if found is None or not found.has_location:
        raise StudyError(
            f"{where}: detection.model.backend is {name}, which is not installed here; "
            f"{remedy(name)}."
        )


def remedy(name: str) -> str:
    """Return what a user can do where a library is missing."""
    instead = ", ".join(BACKENDS["torchvision"].architectures)
    return (
        f"run with --sdm conda, which makes envs/{BACKENDS[name].environment}.yaml, install it as "
        "docs/environments.md says, or set backend to torchvision, weights to null and "
        f"architecture to one of {instead}"
    )
