"""Networks made ready for inference: folded, in lower precision, explained on the way."""

import logging

import numpy as np
import pytest
import torch
from torch import nn

from cellpheno.classification import inference
from cellpheno.classification.feature_maps import find_layer
from cellpheno.classification.gradcam import class_maps, explain, grad_cam, heat
from cellpheno.detection.backends import registry
from cellpheno.detection.backends.interface import Limits
from cellpheno.images.crops import Geometry
from cellpheno.networks import precision
from cellpheno.networks.backbones import ModelSettings, Trained, build, load, save
from cellpheno.networks.batch_norm_folding import Lowered, fold

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def classifier(backbone="resnet18", classes=3):
    """Return a classifier whose batch norms do something, as after training."""
    torch.manual_seed(0)
    model = build(ModelSettings(backbone), classes).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return model


def noise(n, size=48):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def batch_norms(network):
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize(
    ("backbone", "left"), [("resnet18", 0), ("mobilenet_v2", 0), ("densenet121", 62)]
)
def test_a_folded_network_computes_the_same_under_the_same_names(backbone, left):
    network = classifier(backbone).backbone
    folded = fold(network)
    assert batch_norms(folded) == left < batch_norms(network)
    assert [n for n, _ in folded.named_modules()] == [n for n, _ in network.named_modules()]
    images = torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        expected, found = network(images), folded(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item())


def test_what_two_batch_norms_share_is_not_folded():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.one, self.two = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.BatchNorm2d(4)

        def forward(self, x):
            seen = self.conv(x)
            return self.one(seen) + self.two(seen)

    assert batch_norms(fold(Twice())) == 2


def test_a_network_that_cannot_be_followed_stays_as_it_is():
    class Strange(nn.Sequential):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else x

    network = Strange(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    assert batch_norms(fold(network)) == 1


def test_auto_is_bfloat16_on_a_gpu_alone():
    assert precision.dtype("auto", CPU) is torch.float32
    assert precision.dtype("auto", CUDA) is torch.bfloat16
    assert precision.dtype("float32", CUDA) is torch.float32
    assert precision.dtype("bfloat16", CPU) is torch.bfloat16


@pytest.mark.parametrize(
    ("native", "wanted", "words"),
    [
        (True, "auto", "bfloat16 would be faster here"),
        (False, "bfloat16", "float32 would be faster"),
        (False, "auto", ""),
        (True, "bfloat16", ""),
    ],
)
def test_the_log_names_a_faster_choice(monkeypatch, caplog, native, wanted, words):
    monkeypatch.setattr(precision, "native_bfloat16", lambda: native)
    with caplog.at_level(logging.INFO):
        precision.log_choice(wanted, CPU)
    assert words in caplog.text
    assert bool(words) == bool(caplog.text)


def test_a_classifier_in_bfloat16_moves_little_and_its_head_stays_exact(tmp_path):
    save(
        tmp_path / "m.pt",
        Trained(classifier(), ["a", "b", "c"], Geometry(0.1, 0.1, 48), ["r", "g", "b"]),
    )
    exact, low = (load(tmp_path / "m.pt", CPU, name).model for name in ("float32", "bfloat16"))
    assert low.backbone.conv1.weight.dtype is torch.bfloat16
    assert low.head.weight.dtype is torch.float32
    crops = noise(8)
    one, other = (
        inference.predict(model, crops, inference.Settings(True), CPU) for model in (exact, low)
    )
    assert 0 < np.abs(one.probabilities - other.probabilities).max() < 0.03
    assert np.isfinite(other.features).all()


@pytest.mark.parametrize("architecture", ["faster_rcnn", "fcos", "retinanet"])
def test_a_detector_in_bfloat16_gives_boxes_in_float32(tmp_path, architecture):
    torch.manual_seed(0)
    settings = {
        "backend": "torchvision",
        "architecture": architecture,
        "backbone": "resnet18_small",
        "weights": None,
    }
    registry.save(registry.build(settings), settings, tmp_path / "d.pt")
    image = torch.rand(3, 96, 128)
    exact, low = (registry.load(tmp_path / "d.pt", CPU, name) for name in ("float32", "bfloat16"))
    assert isinstance(low.network.backbone, Lowered)
    with torch.no_grad():
        one, other = exact.network.backbone(image[None]), low.network.backbone(image[None])
    for name, level in one.items():
        assert other[name].dtype is torch.float32
        difference = (level - other[name]).abs().max() / level.abs().max()
        assert 0 < difference < 0.05
    boxes, scores = low.detect(image, Limits(0.0, 0.9, 50))
    assert boxes.dtype is scores.dtype is torch.float32
    assert len(boxes)
    assert not torch.equal(boxes, boxes.bfloat16().float())


@pytest.mark.parametrize("backbone", ["resnet18", "convnext_tiny"])
def test_class_maps_are_grad_cam_of_the_last_layer_without_a_gradient(backbone):
    model, crops = classifier(backbone).requires_grad_(False), noise(3)
    images = torch.from_numpy(crops).permute(0, 3, 1, 2)
    targets = torch.tensor([0, 2, 1])
    layer = find_layer(model, "last", images.shape[2])
    by_gradient = heat(grad_cam(model, images, targets, model.backbone), layer).numpy()
    assert by_gradient.max() == 1
    closed = explain(model, crops, targets.numpy(), layer, CPU)
    np.testing.assert_allclose(closed, by_gradient, atol=1e-4)


def test_a_class_map_adds_up_to_the_logit():
    model = classifier().requires_grad_(False)
    images = torch.from_numpy(noise(3)).permute(0, 3, 1, 2)
    maps = class_maps(model, model.features(images))
    torch.testing.assert_close(maps.mean((2, 3)) + model.head.bias, model(images))


def test_maps_come_from_the_pass_that_classifies():
    model, crops = classifier().requires_grad_(False), noise(5)
    passes = []
    model.backbone.register_forward_hook(lambda *_: passes.append(1))
    plain = inference.predict(model, crops, inference.Settings(True), CPU)
    explained = inference.predict(model, crops, inference.Settings(True), CPU, maps=True)
    assert len(passes) == 8
    assert plain.maps is None
    assert (explained.maps.shape, explained.maps.dtype) == ((5, 3, 2, 2), np.float32)
    assert np.array_equal(plain.probabilities, explained.probabilities)
    assert np.array_equal(plain.features, explained.features)


def test_crops_seen_at_once_are_fewer_where_they_are_larger():
    sizes = [inference.batch_size(Geometry(0, 0, size), CPU) for size in (96, 224, 5000)]
    assert sizes == [64, 11, 1]
