"""Weights of published networks by name, such as `imagenet`, instead of a path."""

from collections.abc import Iterable, Mapping
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.study import overrides
from cellpheno.study.overrides import AUTO, Config

URL = "https://download.pytorch.org/models/"
"""Where torchvision's weights are; the names end with the first digits of their SHA-256."""
FILES = {
    "imagenet": {
        "resnet18": "resnet18-f37072fd.pth",
        "resnet34": "resnet34-b627a593.pth",
        "resnet50": "resnet50-0676ba61.pth",
        "resnet101": "resnet101-63fe2227.pth",
        "resnet152": "resnet152-394f9c45.pth",
        "densenet121": "densenet121-a639ec97.pth",
        "densenet161": "densenet161-8d451a50.pth",
        "densenet169": "densenet169-b2777c0a.pth",
        "densenet201": "densenet201-c1103571.pth",
        "mnasnet0_5": "mnasnet0.5_top1_67.823-3ffadce67e.pth",
        "mnasnet0_75": "mnasnet0_75-7090bc5f.pth",
        "mnasnet1_0": "mnasnet1.0_top1_73.512-f206786ef8.pth",
        "mnasnet1_3": "mnasnet1_3-a4c69d6f.pth",
        "mobilenet_v2": "mobilenet_v2-b0353104.pth",
        "efficientnet_b0": "efficientnet_b0_rwightman-7f5810bc.pth",
        "efficientnet_b1": "efficientnet_b1_rwightman-bac287d4.pth",
        "efficientnet_b2": "efficientnet_b2_rwightman-c35c1473.pth",
        "efficientnet_b3": "efficientnet_b3_rwightman-b3899882.pth",
        "efficientnet_b4": "efficientnet_b4_rwightman-23ab8bcd.pth",
        "efficientnet_b5": "efficientnet_b5_lukemelas-1a07897c.pth",
        "efficientnet_b6": "efficientnet_b6_lukemelas-24a108a5.pth",
        "efficientnet_b7": "efficientnet_b7_lukemelas-c5b4e57e.pth",
        "swin_t": "swin_t-704ceda3.pth",
        "swin_s": "swin_s-5e29d889.pth",
        "swin_b": "swin_b-68c6b09e.pth",
        "squeezenet1_0": "squeezenet1_0-b66bff10.pth",
        "squeezenet1_1": "squeezenet1_1-b8a52dc0.pth",
        "inception_v3": "inception_v3_google-0cc3c7bd.pth",
        "convnext_tiny": "convnext_tiny-983f1562.pth",
        "convnext_small": "convnext_small-0c510722.pth",
        "convnext_base": "convnext_base-6075fbad.pth",
        "convnext_large": "convnext_large-ea097f82.pth",
    },
    "coco": {
        "faster_rcnn": "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth",
        "fcos": "fcos_resnet50_fpn_coco-99b0c9b7.pth",
        "retinanet": "retinanet_resnet50_fpn_coco-eeacb38b.pth",
    },
}
"""Files of torchvision's weights, by name and by network or, of a whole detector, architecture."""
FOR_CPU, FOR_GPU = "mobilenet_v2", "resnet50"
"""Classifiers that the plan starts from weights, by the machine."""

NEEDED, WISHED, WISHED_WITH_GPU = "needed", "wished", "wished with a GPU"
Wanted = dict[str, dict[str, str]]
"""Name of the weights: network: whether they are needed, or wished by the plan."""


def is_name(weights: str | None) -> bool:
    """Return whether a value of a key `weights` is a name, or will be."""
    return weights == AUTO or weights in FILES


def own_file(weights: str | None) -> str | None:
    """Return the path that a key `weights` gives, if it gives one."""
    return None if is_name(weights) else weights


def folder(study: str) -> str:
    """Return where a study has the weights that it names."""
    return f"results/{study}/named_weights"


def resolved(model: Mapping[str, Any], study: str) -> dict[str, Any]:
    """Return a section `model` with the paths of the weights that it names."""
    model = dict(model)
    for key in ("weights", "backbone_weights"):
        if (name := model.get(key)) in FILES:
            file = FILES[name][_network(name, model)]
            model[key] = f"{folder(study)}/{file}"
    return model


def wanted(config: Config, experiments: Iterable[str], detectors: Iterable[str]) -> Wanted:
    """Return the named weights that networks start from, or that the plan may choose.

    Parameters
    ----------
    config
        Complete.
    experiments, detectors
        Those that are trained, by name.
    """
    found: Wanted = {}
    models = [overrides.experiment(config, name)["model"] for name in experiments]
    models += [overrides.detector(config, name)["model"] for name in detectors]
    for model in models:
        for key in ("weights", "backbone_weights"):
            for name, network, wish in _wishes(model.get(key), model):
                asked = found.setdefault(name, {})
                asked[network] = min(asked.get(network, wish), wish)
    return found


def _wishes(value: str | None, model: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    if not is_name(value):
        return []
    wish, open_ = (WISHED if value == AUTO else NEEDED), model["backbone"] == AUTO
    if "architecture" not in model:
        if open_:
            return [("imagenet", FOR_CPU, wish), ("imagenet", FOR_GPU, WISHED_WITH_GPU)]
        return [("imagenet", model["backbone"], wish)]
    if value == "imagenet":
        return [(value, "resnet50", wish)]
    if model["backend"] != "torchvision" or model["backbone"] not in (AUTO, "resnet50"):
        return []
    return [("coco", model["architecture"], WISHED_WITH_GPU if open_ and wish == WISHED else wish)]


def _network(name: str, model: Mapping[str, Any]) -> str:
    return str(model["architecture"] if name == "coco" else model["backbone"])


def check(model: Mapping[str, Any], where: str) -> None:
    """Raise a StudyError for named weights that the network of a section `model` has not."""
    for key in ("weights", "backbone_weights"):
        name = model.get(key)
        if name not in FILES:
            continue
        whole = key == "weights" and "architecture" in model
        fits = "coco" if whole else "imagenet"
        if name != fits:
            raise StudyError(f"{where}.{key} is {name}; write {fits}, a path or null.")
        if whole and (model["backend"], model["backbone"]) != ("torchvision", "resnet50"):
            raise StudyError(
                f"{where}.weights is coco, the weights of torchvision's resnet50, but backend is "
                f"{model['backend']} and backbone {model['backbone']}; change these, or write a "
                "path or null."
            )


def fact(name: str, network: str) -> str:
    """Return the quantity of tables.FINGERPRINT that says whether weights are at hand."""
    return f"{name} weights of {network}"
