"""Contradictions between the keys of a classifier's section."""

import copy
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from cellpheno.core.errors import StudyError
from cellpheno.study import classification, configuration

SCHEMA = configuration.load_schema(
    Path(__file__).parents[3] / "workflow/schemas/config.schema.yaml"
)
BACKBONES = SCHEMA["properties"]["classification"]["properties"]["model"]["properties"]["backbone"]
SETTINGS = {
    "model": {"frozen_batch_norm": False, "weights": None, "auxiliary_loss": 0},
    "crops": {"size": 224, "shape": "padded", "border": 0},
    "training": {"batch_size": 1, "blur": {"kernel": [3, 7]}, "validation": "fields"},
    "input": "composite",
}


def check(backbone, batch_size, **model):
    settings = copy.deepcopy(SETTINGS)
    settings["model"] |= {"backbone": backbone, **model}
    settings["training"]["batch_size"] = batch_size
    study = {"classification": settings, "experiments": {"main": {}}, "inputs": {}}
    classification.check(study, "study.yaml")


@pytest.mark.parametrize("backbone", BACKBONES["enum"])
def test_a_batch_of_one_crop_is_refused_exactly_where_a_backbone_normalises_batches(backbone):
    with torch.device("meta"):
        network = torchvision.models.get_model(backbone, weights=None)
    check(backbone, batch_size=2)
    if any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        with pytest.raises(StudyError, match=r"study.yaml: .*batch_size is 1, but .*at least 2"):
            check(backbone, batch_size=1)
    else:
        check(backbone, batch_size=1)


def test_a_frozen_normalisation_takes_batches_of_one_crop():
    check("resnet18", batch_size=1, frozen_batch_norm=True, weights="resnet18.pth")
