"""Embed the classifier's features in two dimensions by t-SNE and UMAP (A41).

Everything runs in one thread unless a GPU is requested: sums of floating-point numbers depend on
the number of threads, and both methods turn a different last digit into a different picture.
"""

import dataclasses
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from cellpheno.core import randomness
from cellpheno.core.errors import StudyError
from cellpheno.embedding.neighborhood import Neighborhood
from cellpheno.embedding.neighbors import Graph, nearest
from cellpheno.tables.cells import EMBEDDING
from cellpheno.tables.columns import BOX_COLUMNS

if TYPE_CHECKING:
    from openTSNE.affinity import PerplexityBasedNN

Array = npt.NDArray[np.float32]

MIN_CELLS = 10
"""Fewer cells have no neighbourhood to preserve, and no embedding is made."""

CARRIED = ["condition", "replicate", "group"]
"""Columns of the cells table that are added to those of the embedding table."""

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The config's section `embedding`; `perplexity` and `neighbors` shrink for few cells."""

    splits: Sequence[str]
    max_cells: int
    pca: int
    perplexity: float
    neighbors: int
    gpu: bool = False
    experiments: Sequence[str] = ()


def embed(
    cells: pd.DataFrame,
    shards: Mapping[str, str | Path],
    settings: Settings,
    seed: int,
    gpu: bool = False,
) -> pd.DataFrame:
    """Choose cells, read their features and embed them.

    `cells` is the cells table with feature_shard and feature_row; `shards` maps each shard to its
    file of features, float16 [n, D]. At most `max_cells` random cells are used. Both methods see
    the principal components. On a `gpu` RAPIDS cuML embeds; else openTSNE and umap-learn do.

    Returns an embedding table with condition, replicate and group, empty with fewer than
    `MIN_CELLS` cells.
    """
    chosen = choose(cells, settings.splits, settings.max_cells, seed)
    if len(chosen) < MIN_CELLS:
        logger.warning(
            "%d cells in the splits %s, but an embedding needs %d: the table stays empty.",
            *(len(chosen), ", ".join(settings.splits), MIN_CELLS),
        )
        chosen, coordinates = chosen[:0], np.empty((0, 4), dtype=np.float32)
    else:
        values = features(chosen, shards)
        near = Neighborhood.fitting(len(chosen), settings.perplexity, settings.neighbors)
        embedded = both_on_gpu if gpu else both
        coordinates = np.hstack(embedded(principal_components(values, settings.pca), near, seed))
    named = dict(zip(["tsne_1", "tsne_2", "umap_1", "umap_2"], coordinates.T, strict=True))
    names = [column.name for column in EMBEDDING.columns]
    return chosen.assign(**named)[names + CARRIED].reset_index(drop=True)


def choose(cells: pd.DataFrame, splits: Sequence[str], max_cells: int, seed: int) -> pd.DataFrame:
    """Return the cells of some splits, at most `max_cells` at random, sorted by field and box."""
    wanted = cells[cells["split"].isin(splits)]
    wanted = wanted.sort_values(["field", *BOX_COLUMNS], kind="stable")
    if len(wanted) <= max_cells:
        return wanted
    drawn = randomness.generator(seed, "embedding").choice(len(wanted), max_cells, replace=False)
    return wanted.iloc[np.sort(drawn)]


def features(cells: pd.DataFrame, shards: Mapping[str, str | Path]) -> Array:
    """Read the features of some cells, float32 [n, D] in the order of the cells.

    Raises
    ------
    StudyError
        When a shard or a row of it is missing, features are not finite, or all cells have the same.
    """
    gathered: Array | None = None
    for name, rows in pd.Series(range(len(cells)), cells["feature_shard"]).groupby(level=0):
        shard = str(name)
        if shard not in shards:
            raise StudyError(
                f"The cells table names the shard {shard} of features, which is not among the "
                f"predictions ({', '.join(shards)}); delete cells.parquet and run again."
            )
        stored = np.load(shards[shard], mmap_mode="r")
        wanted = cells["feature_row"].to_numpy()[rows]
        if wanted.max() >= len(stored):
            raise StudyError(
                f"The cells table names row {wanted.max()} of {shards[shard]}, which has "
                f"{len(stored)} rows; delete the predictions and run again."
            )
        if gathered is None:
            gathered = np.empty((len(cells), stored.shape[1]), dtype=np.float32)
        gathered[rows] = stored[wanted]
    if gathered is None:
        raise StudyError("No cells were given to embed; check embedding.splits.")
    if not np.isfinite(gathered).all():
        raise StudyError(
            "The classifier's features are not finite or too large for 16 bits: its training has "
            "diverged; lower classification.training.learning_rate."
        )
    if not np.ptp(gathered, axis=0).any():
        raise StudyError(
            "The classifier gives every cell the same features: it has learned nothing; look at "
            "classifier_training in the report."
        )
    return gathered


def principal_components(values: Array, components: int) -> Array:
    """Reduce features [n, D] to [n, k]; k is `components`, or fewer if n or D is smaller.

    The sign of each component is fixed by its largest loading.
    """
    from sklearn.decomposition import PCA

    fewer = min(components, values.shape[1], len(values) - 1)
    with threadpool_limits(1):
        reduced = PCA(fewer, svd_solver="covariance_eigh").fit_transform(values)
    return reduced.astype(np.float32)


def both(reduced: Array, near: Neighborhood, seed: int) -> tuple[Array, Array]:
    """Embed principal components [n, k] by t-SNE and by UMAP, [n, 2] each.

    Both use the same nearest neighbors, which are searched once.
    """
    with threadpool_limits(1):
        logger.info("searching %d neighbors of %d cells", near.searched, len(reduced))
        graph = nearest(reduced, near.searched, _state(seed, "neighbors"))
        logger.info("t-SNE")
        first = tsne(reduced, graph, near.perplexity, seed)
        logger.info("UMAP")
        return first, umap(reduced, graph, near.neighbors, seed)


def both_on_gpu(reduced: Array, near: Neighborhood, seed: int) -> tuple[Array, Array]:
    """Embed principal components [n, k] by t-SNE and by UMAP of RAPIDS cuML, [n, 2] each.

    The pictures are as good as those of `both`, but not the same. Raises StudyError when cuML is
    not installed.
    """
    try:
        from cuml.manifold import TSNE, UMAP
    except ImportError as error:
        raise StudyError(
            "embedding.gpu is true, but RAPIDS cuML is not installed; run with --sdm conda, which "
            "makes envs/embedding_gpu.yaml, or set embedding.gpu to false."
        ) from error
    logger.info("t-SNE and UMAP of %d cells by cuML", len(reduced))
    first = TSNE(
        perplexity=near.perplexity,
        n_neighbors=near.of_tsne,
        random_state=_state(seed, "t-SNE"),
        output_type="numpy",
    ).fit_transform(reduced)
    second = UMAP(
        n_neighbors=near.neighbors, random_state=_state(seed, "UMAP"), output_type="numpy"
    ).fit_transform(reduced)
    return first.astype(np.float32), second.astype(np.float32)


def tsne(reduced: Array, graph: Graph, perplexity: float, seed: int) -> Array:
    """Embed principal components [n, k] by t-SNE, [n, 2], from the first two components.

    The learning rate is n / exaggeration in both phases, n / 12 in the early one (Belkina et al.
    2019, Kobak and Berens 2019). The graph has at least 3 x perplexity nearest neighbors.
    """
    import openTSNE

    return np.asarray(
        openTSNE.TSNE(
            learning_rate="auto",
            initialization=_start(reduced) * 1e-4,
            n_jobs=1,
            random_state=_state(seed, "t-SNE"),
        ).fit(affinities=affinities(graph, perplexity)),
        dtype=np.float32,
    )


def affinities(graph: Graph, perplexity: float) -> "PerplexityBasedNN":
    """Return openTSNE's affinities of each point to its nearest neighbors."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = int(3 * perplexity)
    known = PrecomputedNeighbors(graph[0][:, :k], graph[1][:, :k].astype(np.float64))
    return PerplexityBasedNN(perplexity=perplexity, knn_index=known, n_jobs=1)


def umap(reduced: Array, graph: Graph, neighbors: int, seed: int) -> Array:
    """Embed principal components [n, k] by UMAP, [n, 2], from the first two components.

    `neighbors` counts the point itself, so the graph has at least one less.
    """
    import umap

    itself = np.arange(len(reduced))[:, None]
    known = np.hstack([itself, graph[0]]), np.hstack([np.zeros_like(graph[1][:, :1]), graph[1]])
    with warnings.catch_warnings():
        # about the index for new points, and about threads, which a seed rules out
        warnings.simplefilter("ignore", UserWarning)
        places = umap.UMAP(
            n_neighbors=neighbors,
            init=_start(reduced),
            n_jobs=1,
            random_state=_state(seed, "UMAP"),
            precomputed_knn=tuple(each[:, :neighbors] for each in known),
            force_approximation_algorithm=True,
        ).fit_transform(reduced)
    return np.asarray(places, dtype=np.float32)


def _start(reduced: Array) -> Array:
    """Return the first two components as a start, the first with standard deviation 1."""
    two = np.zeros((len(reduced), 2), dtype=np.float32)
    two[:, : min(2, reduced.shape[1])] = reduced[:, :2]
    return two / two[:, 0].std()


def _state(seed: int, purpose: str) -> int:
    """Return a seed within the 32 bits that these libraries accept."""
    return randomness.derive(seed, "embedding", purpose) % 2**32
