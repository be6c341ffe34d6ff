"""UMAP of a known graph of neighbors (McInnes, Healy and Melville 2018), many points at a time."""

import math

import torch
from torch import Tensor

from cellpheno.gpu_embedding.segments import Edges, both_ways, total
from cellpheno.progress import track

A, B = 1.5769434604, 0.8950608781
"""Of 1 / (1 + a d^(2 b)), the curve that umap-learn fits for `min_dist` 0.1 and `spread` 1."""
NEGATIVES = 5
"""Points that push, drawn by chance, for each neighbor that pulls."""
EXTENT = 10.0
PARTS = 8
"""Of a pass over all connections, one after the other. Were all of a point's neighbors to pull at
once from where they are, it would be thrown over all of them."""
STRONGEST = 4.0


def umap(start: Tensor, indices: Tensor, distances: Tensor, generator: torch.Generator) -> Tensor:
    """Embed points by their nearest neighbors, float32 [n, 2].

    Passes, rates and forces are umap-learn's. There each move is made before the next one is
    looked at, here an eighth of a pass is made at once.

    Parameters
    ----------
    start
        Where the points are in the beginning, [n, 2]; scaled to 10.
    indices, distances
        Neighbors of each point, the point itself left out, [n, k].
    generator
        Of the points that push, on the device.
    """
    passes = 500 if len(start) <= 10_000 else 200
    graph = connections(indices, distances, passes)
    period = graph.weight.max() / graph.weight
    extent = (start.amax(0) - start.amin(0)).clamp_min(torch.finfo(start.dtype).tiny)
    places = EXTENT * (start - start.amin(0)) / extent
    for step in track(range(passes), "passes of UMAP", passes):
        rate = 1 - step / passes
        due = torch.floor((step + 1) / period) > torch.floor(step / period)
        for part in range(PARTS):
            now = due[part::PARTS]
            one, other = graph.start[part::PARTS][now], graph.end[part::PARTS][now]
            places = places + rate * forces(places, one, other, generator)
    return places


def connections(indices: Tensor, distances: Tensor, passes: int) -> Edges:
    """Return what connects the points either way, without what is too weak for one of the passes.

    A connection both of whose ends count the other among their neighbors is as strong as one
    of two that hold independently of each other: a + b - a b.
    """
    points = len(indices)
    start, end, weight = both_ways(indices, memberships(distances).float())
    pair, order = torch.sort(start * points + end, stable=True)
    first = torch.ones_like(pair, dtype=torch.bool)
    first[1:] = pair[1:] != pair[:-1]
    weight, back = weight[order], torch.zeros_like(weight)
    back[:-1] = torch.where(first[1:], 0, weight[1:])
    weight = (weight + back - weight * back)[first]
    strong = weight >= weight.max() / passes
    pair, weight = pair[first][strong], weight[strong]
    return Edges(pair // points, pair % points, weight, points)


def memberships(distances: Tensor) -> Tensor:
    """Return how strongly each point holds to each of its neighbors, [n, k], the nearest by 1.

    Strengths fall off with the distance beyond that of the nearest one; the widths give each row
    the sum log2(k + 1), and are found by halving intervals.
    """
    apart = distances.double()
    positive = torch.where(apart > 0, apart, torch.inf).amin(1, keepdim=True)
    beyond = (apart - torch.where(positive.isinf(), 0, positive)).clamp_min(0)
    low = torch.zeros_like(positive)
    high = 1e3 * apart.mean().clamp_min(1e-300) + low
    for _ in range(64):
        width = (low + high) / 2
        narrow = (-beyond / width).exp().sum(1, keepdim=True) < math.log2(apart.shape[1] + 1)
        low, high = torch.where(narrow, width, low), torch.where(narrow, high, width)
    return (-beyond / torch.maximum(width, 1e-3 * apart.mean(1, keepdim=True))).exp()


def forces(places: Tensor, one: Tensor, other: Tensor, generator: torch.Generator) -> Tensor:
    """Return where connections pull, and points drawn by chance push, those they start from.

    Each connection is there both ways and moves both of its ends: it pulls twice.
    """
    apart = places[one] - places[other]
    squares = (apart**2).sum(1, keepdim=True)
    pull = -2 * A * B * squares ** (B - 1) / (1 + A * squares**B)
    pull = torch.where(squares > 0, pull, 0) * apart
    strange = torch.randint(
        len(places), (len(one), NEGATIVES), generator=generator, device=places.device
    )
    apart = places[one][:, None] - places[strange]
    squares = (apart**2).sum(2, keepdim=True)
    push = 2 * B / ((0.001 + squares) * (1 + A * squares**B)) * apart
    moves = 2 * pull.clamp(-STRONGEST, STRONGEST) + push.clamp(-STRONGEST, STRONGEST).sum(1)
    return total(moves, torch.bincount(one, minlength=len(places)))
