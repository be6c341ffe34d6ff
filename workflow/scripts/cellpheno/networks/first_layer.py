"""First convolutions for inputs of any number of channels (C14, C19, C32).

Published weights are those of networks that see red, green and blue. The rule by which the first
convolution is adapted to other inputs (after `adapt_input_conv` of Wightman, timm, 2019): the first
three channels take the weights of red, green and blue, every further one their mean; one or two
channels both take the mean. All are scaled by 3 / channels, so that a picture whose channels are
alike gives what the same picture in grey gives to the original, and activations keep their size.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

COLOURS = 3

ADAPTED, RANDOM, RANDOM_FROZEN = "adapted", "random", "random_frozen"


def spread(of_colours: Sequence[float], n_channels: int) -> list[float]:
    """Return what holds for each channel, given what holds for red, green and blue.

    Such as ImageNet's mean: the first three channels take those of the colours, every further
    one, or one and two by themselves, the mean.
    """
    mean = float(np.mean(of_colours))
    if n_channels < COLOURS:
        return [mean] * n_channels
    return [*of_colours, *[mean] * (n_channels - COLOURS)]


def adapted(weight: Tensor, n_channels: int) -> Tensor:
    """Return the weights of a first convolution for another number of channels.

    Parameters
    ----------
    weight
        [filters, 3, height, width] for red, green and blue.
    n_channels
        Of the new input; for three the weights stay as they are.

    Returns
    -------
    Tensor
        [filters, n_channels, height, width].
    """
    if n_channels == COLOURS:
        return weight
    mean = weight.mean(dim=1, keepdim=True)
    kept = weight if n_channels > COLOURS else weight[:, :0]
    further = mean.expand(-1, n_channels - kept.shape[1], -1, -1)
    return torch.cat([kept, further], dim=1) * (COLOURS / n_channels)


def find(network: nn.Module) -> str:
    """Return the name of a network's first convolution."""
    return next(n for n, module in network.named_modules() if isinstance(module, nn.Conv2d))


def replace(network: nn.Module, n_channels: int, kind: str = ADAPTED) -> None:
    """Let a network of red, green and blue take another number of channels; nothing for three.

    Parameters
    ----------
    network
        Changed in place: its first convolution.
    n_channels
        Of the new input.
    kind
        `adapted`: from the weights that are there; `random`: new ones, from torch's generator;
        `random_frozen`: new ones that are not trained (C19).
    """
    name = find(network)
    old = network.get_submodule(name)
    if n_channels == old.in_channels:
        return
    before, old.in_channels = old.weight.detach(), n_channels
    # in place, for libraries hang their normalisation on their convolutions
    old.weight = nn.Parameter(before.new_empty(len(before), n_channels, *old.kernel_size))
    bias = old.bias.detach().clone() if old.bias is not None else None
    old.reset_parameters()
    if kind == ADAPTED:
        with torch.no_grad():
            old.weight.copy_(adapted(before, n_channels))
            if bias is not None:
                old.bias.copy_(bias)
    for parameter in (old.weight, old.bias):
        if parameter is not None:
            parameter.requires_grad_(kind != RANDOM_FROZEN)
