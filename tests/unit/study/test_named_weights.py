"""Weights that a config names are those that torchvision publishes for the very network."""

import pytest
import torchvision

from cellpheno.core.errors import StudyError
from cellpheno.study import named_weights

MODEL = {"backbone": "resnet18", "weights": "imagenet"}
DETECTOR = {
    "backend": "torchvision",
    "architecture": "faster_rcnn",
    "backbone": "resnet50",
    "weights": "coco",
    "backbone_weights": None,
}


def published(network, version):
    weights = torchvision.models.get_model_weights(network)
    return next(one.url for one in weights if one.name.startswith(version))


@pytest.mark.parametrize("network", named_weights.FILES["imagenet"])
def test_a_classifiers_file_is_the_one_that_torchvision_names(network):
    file = named_weights.FILES["imagenet"][network]
    assert published(network, "IMAGENET1K_V1") == named_weights.URL + file


@pytest.mark.parametrize("architecture", named_weights.FILES["coco"])
def test_a_detectors_file_is_the_one_that_torchvision_names(architecture):
    network = architecture.replace("faster_rcnn", "fasterrcnn") + "_resnet50_fpn"
    file = named_weights.FILES["coco"][architecture]
    assert published(network, "COCO_V1") == named_weights.URL + file


def config(model, detection):
    return {
        "classification": {"model": model},
        "detection": {"model": detection},
        "experiments": {"main": {}},
        "detectors": {"main": {}},
    }


def wanted(model, detection):
    return named_weights.wanted(config(model, detection), ["main"], ["main"])


def test_only_what_is_named_or_left_to_the_plan_is_fetched():
    path = {"weights": "mine.pth"}
    assert wanted({**MODEL, **path}, {**DETECTOR, **path}) == {}
    assert wanted({**MODEL, "weights": None}, {**DETECTOR, "weights": None}) == {}
    assert wanted(MODEL, DETECTOR) == {
        "imagenet": {"resnet18": "needed"},
        "coco": {"faster_rcnn": "needed"},
    }
    backbone = {"weights": None, "backbone_weights": "imagenet"}
    assert wanted({**MODEL, "weights": None}, {**DETECTOR, **backbone}) == {
        "imagenet": {"resnet50": "needed"}
    }


def test_what_only_a_gpu_would_use_is_fetched_for_a_gpu():
    auto = {"weights": "auto", "backbone": "auto"}
    assert wanted({**MODEL, **auto}, {**DETECTOR, **auto}) == {
        "imagenet": {"mobilenet_v2": "wished", "resnet50": "wished with a GPU"},
        "coco": {"faster_rcnn": "wished with a GPU"},
    }
    small = {"weights": "auto", "backbone": "resnet18_small"}
    assert wanted({**MODEL, "weights": None}, {**DETECTOR, **small}) == {}


def test_a_name_becomes_the_path_of_the_networks_file():
    path = "results/own/named_weights/resnet18-f37072fd.pth"
    assert named_weights.resolved(MODEL, "own") == {**MODEL, "weights": path}
    own = {**MODEL, "weights": "mine.pth"}
    assert named_weights.resolved(own, "own") == own


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({**MODEL, "weights": "coco"}, "here.weights is coco; write imagenet"),
        ({**DETECTOR, "weights": "imagenet"}, "here.weights is imagenet; write coco"),
        ({**DETECTOR, "backbone_weights": "coco"}, "here.backbone_weights is coco"),
        ({**DETECTOR, "backbone": "resnet18_small"}, "backbone resnet18_small; change"),
        ({**DETECTOR, "backend": "detectron2"}, "backend is detectron2"),
    ],
)
def test_a_name_that_the_network_has_no_weights_of_is_refused(model, words):
    with pytest.raises(StudyError) as refused:
        named_weights.check(model, "here")
    assert words in str(refused.value)
