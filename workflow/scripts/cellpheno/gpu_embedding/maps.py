"""From features of cells to their t-SNE and UMAP, all of it on one device."""

import logging

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cellpheno import randomness
from cellpheno.gpu_embedding.nearest import nearest
from cellpheno.gpu_embedding.tsne import tsne
from cellpheno.gpu_embedding.umap import umap
from cellpheno.neighborhood import Neighborhood

Array = npt.NDArray[np.float32]

BLOCK = 2**16
"""Cells whose features are centred at a time."""

logger = logging.getLogger(__name__)


def both(
    values: Array, components: int, near: Neighborhood, seed: int, device: torch.device
) -> tuple[Array, Array]:
    """Embed features [n, D] by t-SNE and by UMAP, float32 [n, 2] each.

    Both see the same principal components and neighbors, and begin at the first two components.
    The same device gives the same places again; another one, or `cellpheno.embedding`, gives
    others that are as good.

    Parameters
    ----------
    values
        Features, not all alike.
    components
        Principal components that both methods see.
    near
        How many neighbors each method looks at.
    seed
        The study's seed.
    device
        Where everything is computed.
    """
    logger.info("principal components")
    reduced = principal_components(torch.from_numpy(values).to(device), components)
    logger.info("looking for %d neighbors of %d cells", near.searched, len(values))
    indices, distances = nearest(reduced, near.searched)
    start = beginning(reduced)
    k = near.of_tsne
    first = tsne(start * 1e-4, indices[:, :k], distances[:, :k], near.perplexity)
    k = near.of_umap
    generator = torch.Generator(device).manual_seed(
        randomness.derive(seed, "embedding", "UMAP") % 2**63
    )
    second = umap(start, indices[:, :k], distances[:, :k], generator)
    return first.cpu().numpy(), second.cpu().numpy()


def beginning(reduced: Tensor) -> Tensor:
    """Return the first two of some components [n, k], the first of standard deviation 1, [n, 2]."""
    two = reduced.new_zeros(len(reduced), 2)
    two[:, : reduced.shape[1]] = reduced[:, :2]
    return two / two[:, 0].std(correction=0)


def principal_components(values: Tensor, components: int) -> Tensor:
    """Reduce features [n, D] to [n, k], of mean 0; k is smaller where n - 1 or D is.

    The sign of each component is fixed by its largest loading.
    """
    mean = sum(block.double().sum(0) for block in values.split(BLOCK)) / len(values)
    mean = mean.float()
    spread = sum(((block - mean).T @ (block - mean)).double() for block in values.split(BLOCK))
    _, axes = torch.linalg.eigh(spread)
    axes = axes.flip(1)[:, : min(components, values.shape[1], len(values) - 1)]
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    axes = (axes * largest.sign()).float()
    return torch.cat([(block - mean) @ axes for block in values.split(BLOCK)])
