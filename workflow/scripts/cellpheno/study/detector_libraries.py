"""Which libraries have which detectors, and where each runs."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Backend:
    """A library of detectors that the config may name."""

    environment: str
    """The file in `envs` that provides it."""
    module: str
    """The module of `cellpheno.detection.backends` that builds its detectors."""
    architectures: tuple[str, ...]
    takes_backbone_weights: bool = False
    """Whether its ResNet-50 accepts torchvision's classifier weights."""


BACKENDS = {
    "torchvision": Backend(
        "torch", "torchvision_models", ("faster_rcnn", "fcos", "retinanet"), True
    ),
    "detectron2": Backend("detectron2", "detectron", ("faster_rcnn",)),
    "transformers": Backend("transformers", "detr", ("rt_detr",)),
}


def remedy(name: str) -> str:
    """Return what a user can do about a missing library."""
    instead = ", ".join(BACKENDS["torchvision"].architectures)
    return (
        f"run with --sdm conda, which makes envs/{BACKENDS[name].environment}.yaml, install it as "
        "docs/environments.md says, or set backend to torchvision, weights to null and "
        f"architecture to one of {instead}"
    )
