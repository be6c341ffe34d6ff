"""The nearest neighbors of each point: found once, for every method that needs them."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Graph = tuple[npt.NDArray[np.int64], Array]

EXACT_UP_TO = 50_000
"""Points whose distances are all computed: 18 s of one core, with memory for one block of rows.
Twice the points take four times as long, and a search by trees takes over."""

BLOCK = 1024
"""Rows of distances in memory at a time."""


def nearest(values: Array, k: int, seed: int) -> Graph:
    """Return the k nearest neighbors of each point, the nearest first, itself left out.

    Up to `EXACT_UP_TO` points all distances are looked at. Above, Annoy's trees find about 99 of
    100 of them (openTSNE's choice of 50 trees).

    Parameters
    ----------
    values
        [n, D].
    k
        Less than n.
    seed
        Of the trees, 32 bits.

    Returns
    -------
    indices, distances
        [n, k] each; Euclidean.
    """
    if len(values) > EXACT_UP_TO:
        from openTSNE.nearest_neighbors import Annoy

        indices, distances = Annoy(values, k, "euclidean", n_jobs=1, random_state=seed).build()
        return indices.astype(np.int64), distances.astype(np.float32)
    return _exact(values, k)


def _exact(values: Array, k: int) -> Graph:
    squares = np.einsum("ij,ij->i", values, values)
    indices = np.empty((len(values), k), dtype=np.int64)
    distances = np.empty((len(values), k), dtype=np.float32)
    for start in range(0, len(values), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(values)))
        # squared distances, but for the square of the row itself
        apart = values[rows] @ values.T
        apart *= -2
        apart += squares
        apart[rows - start, rows] = np.inf
        near = np.argpartition(apart, k - 1, axis=1)[:, :k]
        near.sort(axis=1)  # equally far ones in the order of the points
        apart = np.take_along_axis(apart, near, axis=1)
        order = np.argsort(apart, axis=1, kind="stable")
        indices[rows] = np.take_along_axis(near, order, axis=1)
        apart = np.take_along_axis(apart, order, axis=1) + squares[rows, None]
        distances[rows] = np.sqrt(np.maximum(apart, 0))
    return indices, distances
