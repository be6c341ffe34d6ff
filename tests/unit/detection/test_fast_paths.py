"""The steps for a GPU give the results of the plain steps; tested here on a CPU."""

import time

import numpy as np
import pytest
import torch
from benchmarks import phantoms
from torch import nn

from cellpheno.classification import crops_on_gpu
from cellpheno.detection.backends import faster_rcnn_gpu, registry
from cellpheno.detection.backends.faster_rcnn_gpu import TwoStages
from cellpheno.detection.backends.interface import Limits
from cellpheno.detection.pixels import to_tensor
from cellpheno.images import crops
from cellpheno.images.crops import Geometry
from cellpheno.networks import compilation
from cellpheno.networks.backbones import ModelSettings, build
from cellpheno.networks.batch_norm_folding import ConvolutionReLU, Halved, fold, merge
from cellpheno.networks.cuda_graphs import Recorded
from cellpheno.networks.prefetch import ahead, on_device

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def backbone(name):
    torch.manual_seed(0)
    network = build(ModelSettings(name), 3).backbone.eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
    return fold(network)


@pytest.mark.parametrize(
    ("name", "merged", "convolutions"),
    [
        ("resnet18", 17, 20),  # all but those that change the size of the shortcut
        ("inception_v3", 94, 94),
        ("convnext_tiny", 0, 22),  # has no ReLU
    ],
)
def test_merged_layers_compute_the_same(name, merged, convolutions):
    plain = backbone(name)
    found = merge(plain)
    kinds = list(map(type, found.modules()))
    assert kinds.count(ConvolutionReLU) == merged
    assert kinds.count(nn.Conv2d) == convolutions
    images = torch.rand(2, 3, 96, 96)
    with torch.no_grad():
        expected = plain(images)
        torch.testing.assert_close(
            found(images), expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item()
        )


@pytest.mark.parametrize(("size", "padding"), [(7, 3), (3, 1), (5, 0)])
@pytest.mark.parametrize("sides", [(32, 48), (33, 47)])
@pytest.mark.parametrize("channels", [1, 3, 6])
def test_blocks_of_pixels_as_channels_give_the_same(channels, sides, size, padding):
    layer = nn.Conv2d(channels, 4, size, 2, padding)
    images = torch.rand(2, channels, *sides)
    merged = ConvolutionReLU(layer)
    assert isinstance(merged.halved, Halved)
    torch.testing.assert_close(merged(images), layer(images).relu(), rtol=1e-4, atol=1e-5)


def test_what_else_is_seen_of_a_convolution_keeps_it_apart():
    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(8, 8, 3, padding=1)

        def forward(self, images):
            seen = self.layer(images)
            return seen.relu() + seen

    found = merge(Watched())
    assert not any(isinstance(module, ConvolutionReLU) for module in found.modules())


def test_a_network_that_cannot_be_followed_is_not_merged(caplog):
    class Fickle(nn.Module):
        def forward(self, images):
            return images if images.sum() > 0 else -images

    network = Fickle()
    with caplog.at_level("INFO"):
        assert merge(network) is network
    assert "layers are not merged" in caplog.text


@pytest.mark.parametrize(
    ("border", "shape"), [(0.0, "padded"), (0.12, "padded"), (0.0, "stretched")]
)
@pytest.mark.parametrize("size", [32, 96])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_crops_of_two_products_are_those_of_opencv_within_a_grey_level(
    channels, size, border, shape
):
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (90, 130, channels), dtype=np.uint8)
    corners = random.uniform(-5, 120, (60, 2))
    boxes = np.concatenate([corners, corners + random.uniform(0.5, 70, (60, 2))], axis=1)
    geometry = Geometry(0.16, border, size, shape)
    expected = crops.cut(image, boxes, geometry).astype(int)
    found = crops_on_gpu.cut(torch.from_numpy(image), boxes, geometry)
    assert found.dtype == torch.uint8
    assert np.abs(found.numpy() - expected).max() <= 1


def test_no_boxes_give_no_crops():
    image = torch.zeros(20, 30, 3, dtype=torch.uint8)
    assert crops_on_gpu.cut(image, np.empty((0, 4)), Geometry(0.1, 0.1, 16)).shape == (0, 16, 16, 3)


def excited(backbone):
    """Return an untrained detector that finds many cells, of all sizes."""
    torch.manual_seed(0)
    names = {"backend": "torchvision", "architecture": "faster_rcnn", "backbone": backbone}
    detector = registry.build({**names, "weights": None})
    network = detector.network
    nn.init.normal_(network.rpn.head.cls_logits.weight, std=0.3)
    nn.init.normal_(network.rpn.head.bbox_pred.weight, std=0.05)
    nn.init.normal_(network.roi_heads.box_predictor.cls_score.weight, std=0.5)
    nn.init.normal_(network.roi_heads.box_predictor.bbox_pred.weight, std=0.3)
    registry.make_ready(network, torch.float32)
    return detector


@pytest.mark.parametrize("shape", [(200, 250), (161, 187)])
def test_two_stages_of_fixed_shapes_find_what_torchvision_finds(shape):
    detector = excited("resnet18_small")
    image = to_tensor(phantoms.field(*shape, 12, seed=3)[0], CPU)
    limits = Limits(0.3, 0.5, 100)
    boxes, scores = detector.detect(image, limits)
    found = TwoStages(detector.network).detect(image, limits)
    assert len(boxes) > 5
    torch.testing.assert_close(found[0], boxes, rtol=0, atol=1e-3)
    torch.testing.assert_close(found[1], scores, rtol=0, atol=1e-4)


def test_images_of_many_sizes_are_seen_and_few_sizes_are_kept(monkeypatch):
    monkeypatch.setattr(faster_rcnn_gpu, "SIZES", 1)
    stages = TwoStages(excited("resnet18_small").network)
    for shape in ((64, 64), (64, 96), (96, 64)):
        stages.detect(torch.rand(3, *shape), Limits(0.3, 0.5, 10))
    assert list(stages._made) == [(64, 64, 80, 0.05)]


def test_an_image_without_proposals_has_no_cells():
    detector, limits = excited("resnet18_small"), Limits(0.3, 0.5, 10, min_objectness=1.1)
    boxes, scores = TwoStages(detector.network).detect(torch.rand(3, 64, 64), limits)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_on_a_cpu_a_recorded_function_is_called_as_it_is():
    calls = []
    double = Recorded(lambda values: calls.append(1) or values * 2)
    assert [double(torch.tensor(2.0)).item() for _ in range(3)] == [4, 4, 4]
    assert len(calls) == 3


def test_fields_are_read_ahead_in_their_order_and_never_more_than_asked_for():
    read = []
    fields = ahead((read.append(n) or n for n in range(6)), depth=2)
    assert next(fields) == 0
    time.sleep(0.3)
    assert len(read) <= 4  # one is given out, two wait, one is at the door
    assert list(fields) == [1, 2, 3, 4, 5]


def test_an_error_in_reading_comes_out_in_its_place():
    def fields():
        yield 1
        raise OSError("the disk is gone")

    found = ahead(fields())
    assert next(found) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)


def test_a_cpu_is_given_the_fields_as_they_are():
    image = np.zeros((2, 3, 3), np.uint8)
    [(name, found)] = on_device([("a", image)], CPU)
    assert (name, found is image) == ("a", True)


@pytest.mark.parametrize(
    ("setting", "device", "steps", "expected"),
    [
        ("auto", CPU, 100_000, False),
        ("auto", CUDA, 100_000, True),
        ("auto", CUDA, 100, False),
        (True, CPU, 1, True),
        (False, CUDA, 100_000, False),
    ],
)
def test_auto_compiles_long_trainings_on_a_gpu(setting, device, steps, expected):
    assert compilation.wanted(setting, device, steps) is expected


def test_what_cannot_be_compiled_runs_as_it_is_and_the_log_says_so(monkeypatch, caplog):
    def no_compiler(*inputs):
        raise RuntimeError("no C compiler found\nand a long story")

    monkeypatch.setattr(torch, "compile", lambda function, dynamic: no_compiler)
    double = compilation.Compiled(lambda value: value * 2)
    assert [double(2), double(3)] == [4, 6]
    assert "the network is not compiled: no C compiler found" in caplog.text
    assert "long story" not in caplog.text
