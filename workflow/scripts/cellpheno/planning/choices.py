"""Rules that choose a setting from the fingerprint of a study and the settings chosen before it.

The model is nnU-Net (Isensee 2021): the architecture is fixed, sizes follow from the data and the
machine by written rules, and only cut-offs are found by trial, later, on validation.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from cellpheno.study import named_weights

Facts = Mapping[str, float]
"""Values of tables.FINGERPRINT by quantity; NaN where unknown."""
Choice = tuple[Any, str]
"""A value, and the reason for it in one sentence."""
Key = tuple[str, ...]
Rule = Callable[[Mapping[str, Any], Facts], Choice]
"""Takes sections of the config, with all keys before this one in place, and the facts."""

BEST_SIDE = {"resnet18_small": 40.0, "resnet50": 64.0}
"""Side in px of the cells that a detector's anchors fit best."""
SEEN_SIDE = {"resnet18_small": 14.0, "resnet50": 20.0}
"""Smallest side in px that its finest level still shows."""
LARGEST_SCALE = 4.0
TILE = {"resnet18_small": 400, "resnet50": 800}
"""Side in px of a tile as the detector sees it: more does not fit a batch, less cuts many cells."""
CELLS_ACROSS = 4
"""Least number of large cells that fit across a tile."""
PRETRAINED = "weights", "backbone_weights"


def value(settings: Mapping[str, Any], *key: str) -> Any:
    """Return the value of a key of nested sections."""
    for name in key:
        settings = settings[name]
    return settings


def detector_backbone(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the network of a detector by the machine, and by the library that has it."""
    gpu, model = facts["memory of the GPU"], value(settings, "detection", "model")
    library = model["backend"]
    if library != "torchvision":
        return "resnet50", f"{library} has no smaller network"
    if named_weights.own_file(model["weights"]) or model["weights"] in named_weights.FILES:
        return "resnet50", "its weights are given"
    if gpu:
        return "resnet50", f"a GPU of {gpu:.0f} GiB trains the network of the published studies"
    return "resnet18_small", "without a GPU, a small network learns in minutes"


def detector_weights(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Start the published network from COCO's weights."""
    model = value(settings, "detection", "model")
    if model["backbone"] != "resnet50" or model["backend"] != "torchvision":
        return None, f"none are published for {model['backbone']} of {model['backend']}"
    if model["backbone_weights"]:
        return None, "the backbone has weights of its own"
    return _named("coco", model["architecture"], facts)


def _named(name: str, network: str, facts: Facts) -> Choice:
    there = facts.get(named_weights.fact(name, network), 0)
    if there:
        return name, "a network that has seen many pictures needs fewer cells to learn from"
    return None, f"the {name} weights of {network} could not be had, which costs accuracy"


def detection_scale(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Bring the median cell to the size that the anchors fit, and keep the small cells visible."""
    backbone = value(settings, "detection", "model", "backbone")
    best, side = BEST_SIDE[backbone], facts["side of a cell, median"]
    if math.isnan(side):
        return 1.0, "no annotated cell tells how large cells are"
    scale = best / side
    why = f"the median cell of {side:.0f} px comes to the {best:.0f} px that {backbone} finds best"
    smallest = SEEN_SIDE[backbone] / facts["side of a cell, smallest 10 %"]
    if scale < smallest:
        scale = smallest
        why = (
            f"the smallest tenth of the cells keeps the {SEEN_SIDE[backbone]:.0f} px that it needs"
        )
    if scale > LARGEST_SCALE:
        return LARGEST_SCALE, f"cells of {side:.0f} px gain nothing from more"
    if 0.8 <= scale <= 1.25:
        return (
            1.0,
            f"cells of {side:.0f} px have nearly the {best:.0f} px that {backbone} finds best",
        )
    return float(f"{scale:.2g}"), why


def training_scales(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Vary the size of tiles around the scale of detection."""
    scale = value(settings, "detection", "inference", "scale")
    return [float(f"{share * scale:.3g}") for share in (0.8, 1.2)], "20 % around inference.scale"


def tile_rows(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Divide the largest field from top to bottom."""
    return _tiles(settings, facts, "height")


def tile_columns(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Divide the largest field from left to right."""
    return _tiles(settings, facts, "width")


def _tiles(settings: Mapping[str, Any], facts: Facts, extent: str) -> Choice:
    scale = value(settings, "detection", "inference", "scale")
    length = facts[f"{extent} of the largest field"]
    wanted = TILE[value(settings, "detection", "model", "backbone")] / scale
    cell = facts["side of a cell, largest 10 %"]
    least = CELLS_ACROSS * (0.0 if math.isnan(cell) else cell)
    side = max(wanted, least)
    number = max(1, round(length / side))
    if number == 1:
        return 1, f"a {extent} of {length:.0f} px fits one tile"
    why = f"tiles of {length / number:.0f} px"
    if wanted < least:
        return number, f"{why} show {CELLS_ACROSS} of the large cells"
    return number, f"{why} are {length / number * scale:.0f} px at this scale, which fit a batch"


def detector_batch(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the number of tiles in a batch by the memory."""
    if value(settings, "detection", "model", "backbone") == "resnet18_small":
        return 4, "the small network learns from few tiles at a time"
    gpu = facts["memory of the GPU"]
    size = max(2, min(16, 2 * round(gpu / 6)))
    return size, f"tiles of about {TILE['resnet50']} px fit {gpu:.0f} GiB" if gpu else "no GPU"


def detector_steps(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the length of a detector's training by the number of cells to learn from."""
    cells = facts["cells for training"]
    least, most, each = (400, 1000, 20.0)
    if value(settings, "detection", "model", "backbone") != "resnet18_small":
        least, most, each = (2000, 20_000, 100.0)
    steps = round(min(most, max(least, each * math.sqrt(cells))), -2)
    return int(steps), f"{cells:.0f} cells to learn from; from {least} to {most}"


def adamw(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose AdamW, which needs no search for a learning rate."""
    return "adamw", "needs no search for a learning rate"


def detector_learning_rate(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the learning rate by the optimiser and by what the network starts from."""
    model, training = (value(settings, "detection", part) for part in ("model", "training"))
    if training["optimizer"] == "sgd":
        rate = 0.02 * training["batch_size"] / 16
        return rate, "0.02 for 16 tiles, the usual rate of Faster R-CNN"
    if any(model[key] for key in PRETRAINED):
        return 0.0002, "weights that are trained already move little"
    return 0.001, "the usual rate of AdamW from random weights"


def cosine(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Let the learning rate fall to nothing, whatever the length."""
    return "cosine", "falls to nothing by the last step, whatever the length"


def no_milestones(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Leave out what only the schedule `steps` has."""
    return [], "only the schedule `steps` has them"


def detector_warmup(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Let the rate rise during the first twentieth of the training."""
    steps = value(settings, "detection", "training", "steps")
    return max(20, steps // 20), "a twentieth of the steps"


def suppression(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Allow boxes to overlap a little more than annotated ones do."""
    overlap = facts["overlap of neighbours, upper 1 %"]
    iou = round(min(0.7, max(0.3, overlap + 0.1)), 2)
    return iou, f"annotated cells overlap by an IoU of at most {overlap:.2f}, but for 1 %"


def most_detections(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Leave room for fields that are denser than the annotated ones."""
    densest = facts["cells in the densest field"]
    densest = 0.0 if math.isnan(densest) else densest
    number = max(300, 100 * math.ceil(5 * densest / 100))
    return number, f"five times the {densest:.0f} cells of the densest annotated field"


def crop_size(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the side of a crop by the machine and the size of the cells."""
    if facts["memory of the GPU"]:
        return 224, "the size that pretrained networks know; a GPU has time for it"
    side = facts["side of a cell, largest 10 %"]
    if side > 192:
        return 128, f"cells of {side:.0f} px lose detail in less"
    return 96, "without a GPU, the smallest side that leaves the network three places across"


def classifier_backbone(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the network of a classifier by the machine."""
    if facts["memory of the GPU"]:
        return named_weights.FOR_GPU, "a GPU trains it in minutes"
    if facts.get(named_weights.fact("imagenet", named_weights.FOR_CPU), 0):
        return named_weights.FOR_CPU, "without a GPU, a small network that has been trained before"
    return "resnet18", "without a GPU, the smallest of its family"


def classifier_weights(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Start from ImageNet's weights, where they could be had."""
    return _named("imagenet", value(settings, "classification", "model", "backbone"), facts)


def epochs(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the number of epochs so that few cells are seen often and many seldom."""
    cells = max(1.0, facts["cells for training"])
    shown = 120_000 if facts["memory of the GPU"] else 24_000
    number = int(min(60, max(8, round(shown / cells))))
    return number, f"{cells:.0f} cells to learn from; from 8 to 60, {shown} crops in all"


def classifier_learning_rate(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Choose the learning rate by the optimiser and by what the network starts from."""
    training = value(settings, "classification", "training")
    if training["optimizer"] == "sgd":
        return 0.01, "the usual rate of SGD"
    if value(settings, "classification", "model", "weights"):
        return 0.0003, "weights that are trained already move little"
    return 0.002, "from random weights"


def weight_decay(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Keep AdamW's usual weight decay."""
    return 0.01, "the usual value of AdamW"


def detector_weight_decay(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Keep the usual weight decay of detectors."""
    return 0.0001, "the usual value of detectors"


def classifier_warmup(settings: Mapping[str, Any], facts: Facts) -> Choice:
    """Let the rate rise during the first steps."""
    return 20, "a few steps are enough for AdamW"


OF_DETECTORS: dict[Key, Rule] = {
    ("detection", "model", "backbone"): detector_backbone,
    ("detection", "model", "weights"): detector_weights,
    ("detection", "inference", "scale"): detection_scale,
    ("tiles", "rows"): tile_rows,
    ("tiles", "columns"): tile_columns,
    ("detection", "training", "batch_size"): detector_batch,
    ("detection", "training", "steps"): detector_steps,
    ("detection", "training", "optimizer"): adamw,
    ("detection", "training", "learning_rate"): detector_learning_rate,
    ("detection", "training", "weight_decay"): detector_weight_decay,
    ("detection", "training", "schedule"): cosine,
    ("detection", "training", "warmup"): detector_warmup,
    ("detection", "training", "milestones"): no_milestones,
    ("detection", "training", "scales"): training_scales,
    ("detection", "inference", "nms_iou"): suppression,
    ("detection", "inference", "max_detections"): most_detections,
}
"""In the order in which they build on each other."""

OF_CLASSIFIERS: dict[Key, Rule] = {
    ("classification", "crops", "size"): crop_size,
    ("classification", "model", "backbone"): classifier_backbone,
    ("classification", "model", "weights"): classifier_weights,
    ("classification", "training", "epochs"): epochs,
    ("classification", "training", "optimizer"): adamw,
    ("classification", "training", "learning_rate"): classifier_learning_rate,
    ("classification", "training", "weight_decay"): weight_decay,
    ("classification", "training", "schedule"): cosine,
    ("classification", "training", "warmup"): classifier_warmup,
    ("classification", "training", "milestones"): no_milestones,
}
