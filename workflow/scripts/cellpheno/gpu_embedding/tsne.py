"""t-SNE as openTSNE does it, all of it by torch."""

import math

import torch
from torch import Tensor

from cellpheno.gpu_embedding.segments import Edges, both_ways, edges, total
from cellpheno.progress import track
from cellpheno.repulsion import Repulsion

EXAGGERATION = 12.0
EARLY, LATE = 250, 500
"""Steps with exaggerated attraction, and without."""
MOMENTUM = 0.8
LONGEST_STEP = 5.0


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
    repulsion = Repulsion()
    places, update, gains = start, torch.zeros_like(start), torch.ones_like(start)
    for step in track(range(EARLY + LATE), "steps of t-SNE", EARLY + LATE):
        exaggeration = EXAGGERATION if step < EARLY else 1.0
        push, _ = repulsion(places)
        gradient = exaggeration * attract(places, attraction) - push
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
