"""First convolutions of pretrained networks take inputs of any number of channels."""

import pytest
import torch
from torch import nn

from cellpheno.networks import first_layer


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Identity(), nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)), nn.ReLU()
    )


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 6, 11])
def test_a_picture_of_equal_channels_gives_what_it_gave_to_the_original(network, n_channels):
    picture = torch.rand(2, 1, 16, 16)
    expected = network(picture.expand(-1, 3, -1, -1))
    first_layer.replace(network, n_channels)
    assert network.get_submodule("1.0").in_channels == n_channels
    assert torch.allclose(network(picture.expand(-1, n_channels, -1, -1)), expected, atol=1e-6)


def test_the_first_three_channels_take_the_colours_and_further_ones_their_mean():
    weight = torch.tensor([1.0, 2.0, 6.0]).view(1, 3, 1, 1)
    assert first_layer.adapted(weight, 4).flatten().tolist() == [0.75, 1.5, 4.5, 2.25]
    assert first_layer.adapted(weight, 6).flatten().tolist() == [0.5, 1, 3, 1.5, 1.5, 1.5]
    assert first_layer.adapted(weight, 3).flatten().tolist() == [1, 2, 6]
    assert first_layer.adapted(weight, 2).flatten().tolist() == [4.5, 4.5]
    assert first_layer.adapted(weight, 1).flatten().tolist() == [9]


def test_what_holds_for_the_colours_is_spread_likewise():
    assert first_layer.spread([1.0, 2.0, 6.0], 5) == [1, 2, 6, 3, 3]
    assert first_layer.spread([1.0, 2.0, 6.0], 1) == [3]


def test_a_stem_for_three_channels_is_left_alone(network):
    before = network.get_submodule("1.0")
    first_layer.replace(network, 3, first_layer.RANDOM_FROZEN)
    assert network.get_submodule("1.0") is before


@pytest.mark.parametrize("kind", [first_layer.RANDOM, first_layer.RANDOM_FROZEN])
def test_a_random_stem_keeps_its_shape_and_nothing_of_the_weights(network, kind):
    old = network.get_submodule("1.0").weight.clone()
    first_layer.replace(network, 4, kind)
    new = network.get_submodule("1.0")
    assert (new.stride, new.padding, new.bias) == ((2, 2), (1, 1), None)
    assert not torch.allclose(new.weight, first_layer.adapted(old, 4))
    assert new.weight.requires_grad == (kind == first_layer.RANDOM)
