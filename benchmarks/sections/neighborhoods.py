"""What the comparisons of maps share: how far methods look, and what a map keeps of it."""

import torch
from torch import Tensor

PERPLEXITY, NEIGHBORS, COMPONENTS = 30, 15, 50
FEWER = 0.005
"""By how much a map may keep a smaller share of the neighbors than the one it is compared with."""
GATE = f"neighbors kept at most {100 * FEWER:g} points fewer"


def kept(near: Tensor, found: Tensor) -> float:
    """Return the share of each point's neighbors [n, k] that are among its neighbors in a map."""
    same = [
        (some[:, :, None] == other[:, None, :]).any(2).double().mean(1)
        for some, other in zip(near.split(4096), found.split(4096), strict=True)
    ]
    return float(torch.cat(same).mean())
