"""Where the positions of feature maps lie, and which feature map is explained."""

import numpy as np
import pytest
import torch
from torch import nn

from cellpheno.classification.feature_maps import Grid, find_layer, grids
from cellpheno.classification.gradcam import explain
from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.networks.backbones import FAMILIES, ModelSettings, build

CPU = torch.device("cpu")
BACKBONES = {
    "resnet": "resnet18",
    "densenet": "densenet121",
    "mnasnet": "mnasnet0_5",
    "mobilenet_v2": "mobilenet_v2",
    "convnext": "convnext_tiny",
    "efficientnet_b": "efficientnet_b0",
    "swin_": "swin_t",
    "squeezenet": "squeezenet1_1",
    "inception_v3": "inception_v3",
}
SIZE, PATTERN = 224, 24
GREY = 128


def network(name):
    torch.manual_seed(0)
    grey = [GREY / 255] * 3
    return build(ModelSettings(name), 2, grey, [0.2] * 3).eval().requires_grad_(False)


def mirrored(values, axes):
    """Return random values without a preference for a side."""
    for axis in axes:
        values = (values + values.flip(axis)) / 2
    return values


def planted(places):
    """Return grey crops with a patch centred on each place (y, x)."""
    patch = torch.rand(PATTERN, PATTERN, 3, generator=torch.Generator().manual_seed(0))
    patch = (mirrored(patch, (0, 1)) * 255).byte().numpy()
    crops = np.full((len(places), SIZE, SIZE, 3), GREY, dtype=np.uint8)
    for crop, (y, x) in zip(crops, places - PATTERN // 2, strict=True):
        crop[y : y + PATTERN, x : x + PATTERN] = patch
    return crops


def peak(shown):
    """Return y and x of the centre of the values above half the highest one."""
    above = np.clip(shown - 0.5, 0, None)
    middle = [(above.sum(1 - axis) * np.arange(SIZE)).sum() for axis in (0, 1)]
    return np.array(middle) / above.sum()


@pytest.mark.parametrize("name", BACKBONES.values(), ids=list(BACKBONES))
def test_the_peak_of_a_map_lies_where_the_pattern_was_planted(name):
    model = network(name)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.copy_(mirrored(module.weight, (2, 3)))
    # the places lie in turn before, on and behind the positions of the map
    phases = np.arange(0, 32, 4)
    places = np.stack([88 + phases, 120 - (3 * phases) % 32], axis=1)
    crops = planted(places)
    images = torch.from_numpy(crops).permute(0, 3, 1, 2)
    # the class is the pattern: pooled features minus those of an empty crop
    background = model.pooled(torch.full_like(images[:1], GREY))[0]
    direction = model.pooled(images).mean(0) - background
    direction -= background * (direction @ background) / (background @ background + 1e-12)
    model.head.weight[1] = direction
    layer = find_layer(model, "last", SIZE)
    maps = explain(model, crops, np.ones(len(crops), int), layer, CPU)
    assert maps.max((1, 2)) == pytest.approx(1)
    centres = places - 0.5  # a patch of an even number of pixels
    away = [peak(shown) - centre for shown, centre in zip(maps, centres, strict=True)]
    assert np.abs(np.mean(away, axis=0)).max() <= layer.grid.step / 4


def test_every_family_is_tested():
    assert set(BACKBONES) == set(FAMILIES)


@pytest.mark.parametrize("size", [96, 111])
@pytest.mark.parametrize("name", BACKBONES.values(), ids=list(BACKBONES))
def test_positions_are_as_many_as_the_layer_gives(name, size):
    model = network(name)
    known = grids(model.backbone, size)
    given = {}
    for part, module in model.backbone.named_modules():
        module.register_forward_hook(
            lambda module, inputs, output, part=part: given.setdefault(part, output)
        )
    model(torch.zeros(1, 3, size, size, dtype=torch.uint8))
    compared = [part for part in known if "attn" not in part and part.count(".") < 3]
    assert "" in compared
    for part in compared:
        assert known[part].positions in given[part].shape[1:], part


def test_a_convolution_without_padding_moves_the_first_centre_by_half_its_reach():
    assert Grid(10).through(3, 1, 0) == Grid(8, 1, 1)
    assert Grid(10).through(3, 2, 1) == Grid(5, 0, 2)
    assert Grid(10, 1, 2).through(2, 2, 0) == Grid(5, 2, 4)
    assert Grid(10).through(3, 1, 0, dilation=2) == Grid(6, 2, 1)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 2, 0), (3, 2, 1), (2, 2, 0)])
def test_windows_that_reach_over_the_end_are_counted_as_pools_do(kernel, stride, padding):
    pool = nn.MaxPool2d(kernel, stride, padding, ceil_mode=True)
    for size in range(5, 12):
        expected = pool(torch.zeros(1, 1, size, size)).shape[-1]
        assert Grid(size).through(kernel, stride, padding, ceil=True).positions == expected


@pytest.mark.parametrize(
    ("size", "name", "positions"), [(224, "", 7), (112, "layer3", 7), (64, "layer2", 8)]
)
def test_the_last_layer_with_seven_positions_is_chosen(size, name, positions):
    layer = find_layer(network("resnet18"), "auto", size)
    assert (layer.name, layer.grid.positions) == (name, positions)


def test_a_layer_with_few_positions_is_explained_with_a_warning():
    layer = find_layer(network("resnet18"), "last", 68)
    assert layer.grid == Grid(3, 0, 32)
    [warning] = [line for line in notices.given() if "crops of 68 px" in line]
    assert "last feature map: 3 × 3 positions, 32 px apart" in warning
    assert "grad_cam/layer" in warning


def test_a_layer_with_enough_positions_gives_no_warning():
    before = notices.given()
    find_layer(network("resnet18"), "auto", 96)
    assert notices.given() == before


@pytest.mark.parametrize("name", ["layer9", "layer4.0.relu"])
def test_what_gives_no_single_feature_map_is_refused_with_what_does(name):
    with pytest.raises(StudyError, match=f"{name!r}.*auto, last or one of .*layer3"):
        find_layer(network("resnet18"), name, 96)


def test_what_has_no_places_is_refused():
    with pytest.raises(StudyError, match="one feature map"):
        find_layer(network("efficientnet_b0"), "features.1.0.block.1.fc1", 96)
