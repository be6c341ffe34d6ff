"""What openTSNE descends: its own attraction, and repulsion on a mesh."""

import numpy as np
import numpy.typing as npt
import torch
from openTSNE import _tsne
from scipy.sparse import csr_matrix

from cellpheno.repulsion import Repulsion

Array = npt.NDArray[np.float64]


class Divergence:
    """The Kullback-Leibler divergence of a map, for `openTSNE.TSNE(negative_gradient_method=)`.

    openTSNE's own repulsion transforms nine grids a step, or walks through a tree.
    """

    def __init__(self) -> None:
        self._repulsion = Repulsion()

    def __call__(
        self,
        places: Array,
        affinities: csr_matrix,
        dof: float,
        n_jobs: int,
        should_eval_error: bool,
        **_: object,
    ) -> tuple[float, Array]:
        """Return the divergence, 0 where it is not asked for, and its gradient, [n, 2].

        Parameters
        ----------
        places
            float64 [n, 2].
        affinities
            float64 [n, n].
        dof, n_jobs, should_eval_error
            As openTSNE gives them; `dof` is 1, the others' default.
        """
        push, near = self._repulsion(torch.from_numpy(np.asarray(places, dtype=np.float32)))
        gradient = -push.numpy().astype(np.float64)
        total, divergence = _tsne.estimate_positive_gradient_nn(
            *(affinities.indices, affinities.indptr, affinities.data, places, places, gradient),
            dof=dof,
            num_threads=n_jobs,
            should_eval_error=should_eval_error,
        )
        if should_eval_error:
            divergence += total * np.log(float(near))
        return divergence, gradient
