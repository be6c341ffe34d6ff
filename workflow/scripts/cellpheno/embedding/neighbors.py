"""Find the nearest neighbors of each point once for every method that needs them."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Graph = tuple[npt.NDArray[np.int64], Array]

EXACT_UP_TO = 50_000
"""Points for which all distances are computed, in 9 s of one core. Twice the points take four times
as long, so trees replace the search."""


def nearest(values: Array, k: int, seed: int) -> Graph:
    """Return indices and Euclidean distances [n, k] of the k nearest neighbors, nearest first.

    The point itself is left out. Up to `EXACT_UP_TO` points are compared exactly; above, Annoy's
    trees find about 99 of 100 neighbors (50 trees, as openTSNE chooses).
    """
    if len(values) > EXACT_UP_TO:
        from openTSNE.nearest_neighbors import Annoy

        indices, distances = Annoy(values, k, "euclidean", n_jobs=1, random_state=seed).build()
        return indices.astype(np.int64), distances.astype(np.float32)
    return _exact(values, k)


def _exact(values: Array, k: int) -> Graph:
    from sklearn.neighbors import NearestNeighbors

    # without a query it leaves each point itself out
    distances, indices = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(values).kneighbors()
    return indices.astype(np.int64), distances.astype(np.float32)
