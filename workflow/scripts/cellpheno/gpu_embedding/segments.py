"""Sums over the neighbors of each point, in an order that never changes.

Adding into one place from many threads at once would give other last digits each time, and both
methods of embedding turn those into another picture.
"""

import dataclasses
import functools

import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class Edges:
    """Weighted connections, sorted by the point they start from.

    Attributes
    ----------
    start, end
        Points, int64 [e].
    weight
        float32 [e].
    points
        How many there are, n.
    """

    start: Tensor
    end: Tensor
    weight: Tensor
    points: int

    @functools.cached_property
    def counts(self) -> Tensor:
        """Connections of each point, int64 [n]."""
        return torch.bincount(self.start, minlength=self.points)


def edges(start: Tensor, end: Tensor, weight: Tensor, points: int) -> Edges:
    """Sort connections by the point they start from."""
    order = torch.argsort(start, stable=True)
    return Edges(start[order], end[order], weight[order], points)


def both_ways(neighbors: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return start, end and weight of what leads from points to neighbors [n, k] and back."""
    points, k = neighbors.shape
    itself = torch.arange(points, device=neighbors.device).repeat_interleave(k)
    there = neighbors.reshape(-1)
    return (
        torch.cat([itself, there]),
        torch.cat([there, itself]),
        weights.reshape(-1).repeat(2),
    )


def total(values: Tensor, counts: Tensor) -> Tensor:
    """Sum the rows of values [m, d] in groups of `counts` [n] that follow each other, [n, d]."""
    return torch.segment_reduce(values, "sum", lengths=counts, axis=0, unsafe=True)
