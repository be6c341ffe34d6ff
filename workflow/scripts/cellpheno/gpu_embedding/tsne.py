"""t-SNE with repulsion on a grid, by Fourier transforms (Linderman et al. 2019, FIt-SNE)."""

import math

import torch
from torch import Tensor

from cellpheno.gpu_embedding.segments import Edges, both_ways, edges, total
from cellpheno.progress import track

EXAGGERATION = 12.0
EARLY, LATE = 250, 500
"""Steps with exaggerated attraction, and without."""
MOMENTUM = 0.8
LONGEST_STEP = 5.0
NODES = 3
"""Of a box of the grid in each direction, between which potentials are interpolated."""
FEWEST_BOXES = 50
SIDE = 0.5
"""Of a box, at most; half of FIt-SNE's and openTSNE's, so that a point's push is off by 1 % and not
by 5 % where points lie far apart. A GPU hardly notices the larger grid."""


def tsne(start: Tensor, indices: Tensor, distances: Tensor, perplexity: float) -> Tensor:
    """Embed points by their nearest neighbors, float32 [n, 2].

    Steps, learning rate (n / exaggeration), gains and limits are openTSNE's.

    Parameters
    ----------
    start
        Where the points are in the beginning, [n, 2].
    indices, distances
        Neighbors of each point, [n, k].
    perplexity
        Less than k.
    """
    points = len(start)
    weights = affinities(distances, perplexity) / (2 * points)
    attraction = edges(*both_ways(indices, weights.float()), points)
    places, update, gains = start, torch.zeros_like(start), torch.ones_like(start)
    for step in track(range(EARLY + LATE), "steps of t-SNE", EARLY + LATE):
        exaggeration = EXAGGERATION if step < EARLY else 1.0
        gradient = exaggeration * attract(places, attraction) - repel(places)
        gains = torch.where(update.sign() == gradient.sign(), gains * 0.8 + 0.01, gains + 0.2)
        update = MOMENTUM * update - (points / exaggeration) * gains * gradient
        length = update.norm(dim=1, keepdim=True)
        update = update * (LONGEST_STEP / length.clamp_min(LONGEST_STEP))
        places = places + update
        places = places - places.mean(0)
    return places


def affinities(distances: Tensor, perplexity: float) -> Tensor:
    """Return how likely each point takes each of its neighbors, [n, k], rows of sum 1.

    Gaussians whose widths give each row the perplexity, found by halving intervals.
    """
    squares = distances.double() ** 2
    squares = squares - squares.amin(1, keepdim=True)
    width = squares.mean(1, keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)
    low, high = torch.full_like(width, -40.0), torch.full_like(width, 40.0)
    for _ in range(64):
        middle = (low + high) / 2
        likely = torch.softmax(-squares / width * middle.exp(), dim=1)
        wide = torch.special.entr(likely).sum(1, keepdim=True) > math.log(perplexity)
        low, high = torch.where(wide, middle, low), torch.where(wide, high, middle)
    return likely


def attract(places: Tensor, attraction: Edges) -> Tensor:
    """Return by how much neighbors pull at each point, [n, 2]."""
    apart = places[attraction.start] - places[attraction.end]
    near = attraction.weight / (1 + (apart**2).sum(1))
    return total(near[:, None] * apart, attraction.counts)


def repel(places: Tensor) -> Tensor:
    """Return by how much all points push at each, [n, 2], as if they lay on nodes of a grid."""
    low = places.min()
    extent = places.max() - low
    boxes = even(max(FEWEST_BOXES, math.ceil(float(extent) / SIDE)))
    side = extent / boxes
    scaled = (places - low) / side
    box = scaled.floor().clamp_(0, boxes - 1)
    share = lagrange(scaled - box)
    share = (share[:, 0, :, None] * share[:, 1, None, :]).flatten(1)
    box = (box[:, 0] * boxes + box[:, 1]).long()
    order = torch.argsort(box, stable=True)
    charges = total(share[order], torch.bincount(box, minlength=boxes**2))
    potentials = _on_grid(charges, boxes, side / NODES)
    at_points = (share[:, None, :] * potentials[box]).sum(2)
    near_all = (at_points[:, 0].sum(dtype=torch.float64) - len(places)).float()
    return at_points[:, 1:] / near_all


def _on_grid(charges: Tensor, boxes: int, spacing: Tensor) -> Tensor:
    """Return 1 / (1 + d^2) and the two parts of the push, summed over all charges.

    [boxes^2, 3, nodes of a box] for charges [boxes^2, nodes of a box].
    """
    n = boxes * NODES
    grid = charges.view(boxes, boxes, NODES, NODES).transpose(1, 2).reshape(n, n)
    offset = torch.arange(2 * n, device=charges.device)
    offset = torch.where(offset < n, offset, offset - 2 * n) * spacing
    near = 1 / (1 + offset[:, None] ** 2 + offset[None, :] ** 2)
    push = offset[:, None] * near**2
    spectra = torch.fft.rfft2(torch.stack([near, push, push.T]))
    summed = torch.fft.irfft2(spectra * torch.fft.rfft2(grid, s=(2 * n, 2 * n)), s=(2 * n, 2 * n))
    parts = summed[:, :n, :n].reshape(3, boxes, NODES, boxes, NODES)
    return parts.permute(1, 3, 0, 2, 4).reshape(boxes**2, 3, NODES**2)


def lagrange(within: Tensor) -> Tensor:
    """Return the shares of a box's nodes in a place in it, [..., nodes] for [...] from 0 to 1."""
    nodes = [(2 * node + 1) / (2 * NODES) for node in range(NODES)]
    shares = []
    for own in nodes:
        others = [other for other in nodes if other != own]
        shares.append(math.prod((within - other) / (own - other) for other in others))
    return torch.stack(shares, dim=-1)


def even(boxes: int) -> int:
    """Return the next number of boxes whose Fourier transforms are fast: of factors 2, 3 and 5."""
    while True:
        rest = boxes
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return boxes
        boxes += 1
