"""The config's `detection` and `detectors`."""

import importlib.util

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study import inputs, named_weights
from cellpheno.study.detector_libraries import BACKENDS, remedy
from cellpheno.study.overrides import Config, detector


def detected_classes(config: Config, name: str) -> list[str]:
    """Return the classes that a detector learns to find and is evaluated on (C16)."""
    chosen = detector(config, name)["classes"]
    return list(config["classes"]) if chosen == "all" else list(chosen)


def trained_as(config: Config, name: str) -> str:
    """Return the first detector with the same training, which serves them all."""
    wanted = detector(config, name)
    for other in config["detectors"]:
        same = detector(config, other)
        if all(same[part] == wanted[part] for part in ("input", "classes", "model", "training")):
            return other
    raise AssertionError(name)


def check(config: Config, source: str) -> None:
    """Refuse detectors that their libraries do not have or whose keys contradict each other."""
    for name in config["detectors"]:
        settings, key = detector(config, name), f"(detector {name})"
        model, where = settings["model"], f"{source}: detection.input {key}"
        check_known(settings["input"], inputs.names(config), where, "inputs")
        for chosen in detected_classes(config, name):
            where = f"{source}: detection.classes {key}"
            check_known(chosen, config["classes"], where, "classes")
        low, high = settings["training"]["scales"]
        if low > high:
            raise StudyError(
                f"{source}: detection.training.scales {key} goes from {low} to {high}; put the "
                "lower one first."
            )
        if model["weights"] and model["backbone_weights"]:
            raise StudyError(
                f"{source}: detection.model has weights for the whole detector and "
                f"backbone_weights {key}; leave one of them out."
            )
        where = f"{source}: detectors/{name}: detection.model"
        _check_backend(model, where)
        named_weights.check(model, where)


def _check_backend(model: Config, where: str) -> None:
    backend = BACKENDS[model["backend"]]
    what = f"architectures of {model['backend']}"
    check_known(model["architecture"], list(backend.architectures), f"{where}.architecture", what)
    if model["backbone_weights"] and not backend.takes_backbone_weights:
        raise StudyError(
            f"{where}.backbone_weights are weights of torchvision's, which {model['backend']} "
            "cannot start from; leave them out, or give weights of the whole detector."
        )


def check_libraries(config: Config, source: str) -> None:
    """Refuse a detector whose library this Python lacks, if the study has detectors at all."""
    if config["candidates"]["source"] != "detector":
        return
    for name in config["detectors"]:
        library = detector(config, name)["model"]["backend"]
        # the folder of a clone can be imported as well, as a package without a file of its own
        found = importlib.util.find_spec(library) if library != "torchvision" else None
        if library != "torchvision" and (found is None or not found.has_location):
            raise StudyError(
                f"{source}: detectors/{name}: detection.model.backend is {library}, which is not "
                f"installed here; {remedy(library)}."
            )
