"""Adapt a network's first convolution to any number of channels (C14, C19, C32).

Published weights belong to networks that see red, green and blue. As in `adapt_input_conv` of timm
(Wightman, 2019), the first three channels take the weights of red, green and blue, every further
one their mean; one or two channels both take the mean. All are scaled by 3 / channels, so that an
image whose channels are equal gives the original's output for the same image in grey, and
activations keep their size.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

COLOURS = 3

ADAPTED, RANDOM, RANDOM_FROZEN = "adapted", "random", "random_frozen"


def spread(of_colours: Sequence[float], n_channels: int) -> list[float]:
    """Return a value for each channel, such as ImageNet's mean, from those of red, green and blue.

    The first three channels take them in order; every further channel, or one or two alone, takes
    their mean.
    """
    mean = float(np.mean(of_colours))
    if n_channels < COLOURS:
        return [mean] * n_channels
    return [*of_colours, *[mean] * (n_channels - COLOURS)]


def adapted(weight: Tensor, n_channels: int) -> Tensor:
    """Return weights [filters, 3, height, width] as [filters, n_channels, height, width]."""
    if n_channels == COLOURS:
        return weight
    mean = weight.mean(dim=1, keepdim=True)
    kept = weight if n_channels > COLOURS else weight[:, :0]
    further = mean.expand(-1, n_channels - kept.shape[1], -1, -1)
    return torch.cat([kept, further], dim=1) * (COLOURS / n_channels)


def find(network: nn.Module) -> nn.Conv2d:
    """Return a network's first convolution."""
    return next(module for module in network.modules() if isinstance(module, nn.Conv2d))


def replace(network: nn.Module, n_channels: int, kind: str = ADAPTED) -> None:
    """Change a network's first convolution in place to take another number of channels.

    `kind` is `adapted` (from the present weights), `random` (new ones, from torch's generator) or
    `random_frozen` (new ones that are not trained, C19).
    """
    old = find(network)
    if n_channels == old.in_channels:
        return
    before, old.in_channels = old.weight.detach(), n_channels
    # in place, because libraries attach their normalisation to their convolutions
    old.weight = nn.Parameter(before.new_empty(len(before), n_channels, *old.kernel_size))
    bias = old.bias.detach().clone() if old.bias is not None else None
    old.reset_parameters()
    if kind == ADAPTED:
        with torch.no_grad():
            old.weight.copy_(adapted(before, n_channels))
            if old.bias is not None and bias is not None:
                old.bias.copy_(bias)
    for parameter in (old.weight, old.bias):
        if parameter is not None:
            parameter.requires_grad_(kind != RANDOM_FROZEN)
