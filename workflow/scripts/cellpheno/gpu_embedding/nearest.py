"""The nearest neighbors of each point, of all distances."""

import torch
from torch import Tensor

from cellpheno.progress import track

DISTANCES = 2**29
"""That are in memory at a time: 2 GiB."""


def nearest(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k nearest neighbors of each point, the nearest first, itself left out.

    Parameters
    ----------
    values
        float32 [n, D], of mean 0: distances are found as differences of squares.
    k
        Less than n.

    Returns
    -------
    indices, distances
        int64 and float32 [n, k]; Euclidean, of the differences themselves.
    """
    squares = (values**2).sum(1)
    rows = max(1, DISTANCES // len(values))
    found = []
    for first in track(range(0, len(values), rows), "blocks", -(-len(values) // rows)):
        block = values[first : first + rows]
        apart = torch.addmm(squares, block, values.T, alpha=-2)
        own = torch.arange(len(block), device=values.device)
        apart[own, first + own] = torch.inf
        found.append(apart.topk(k, largest=False, sorted=True).indices)
    indices = torch.cat(found)
    distances = torch.cat([
        (some[:, None] - values[near]).norm(dim=2)
        for some, near in zip(values.split(4096), indices.split(4096), strict=True)
    ])  # fmt: skip
    distances, order = distances.sort(dim=1, stable=True)
    return indices.gather(1, order), distances
