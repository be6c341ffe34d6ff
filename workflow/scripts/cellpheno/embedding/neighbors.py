"""The nearest neighbors of each point: found once, for every method that needs them."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Graph = tuple[npt.NDArray[np.int64], Array]

EXACT_UP_TO = 50_000
"""Points whose distances are all computed: 9 s of one core. Twice the points take four times as
long, and a search by trees takes over."""


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
    from sklearn.neighbors import NearestNeighbors

    # asked about nobody in particular, it leaves each point itself out
    distances, indices = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(values).kneighbors()
    return indices.astype(np.int64), distances.astype(np.float32)
