"""E1: t-SNE of the classifier's features on a CPU. What a GPU does is in `maps_on_gpu`."""

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from benchmarks import phantoms
from benchmarks.sections import Options, maps_on_gpu
from benchmarks.sections.neighborhoods import COMPONENTS, FEWER, GATE, NEIGHBORS, PERPLEXITY, kept
from benchmarks.timing import Comparison, alternate
from cellpheno import embedding
from cellpheno.neighbors import nearest

LIMIT = 1.02


def run(options: Options) -> list[Comparison]:
    """Compare with scikit-learn; both reduce to 50 components first, on one thread."""
    points, width = ((200,), 64) if options.tiny else (options.points, 2048)
    if options.device.type == "cuda":
        return [row for count in points for row in maps_on_gpu.compare(count, width, options)]
    return [compare(count, width) for count in points]


def compare(count: int, width: int) -> Comparison:
    """Embed so many points both ways, once: a turn takes minutes."""
    values = phantoms.features(count, width)

    def reference() -> np.ndarray:
        reduced = PCA(COMPONENTS, random_state=0).fit_transform(values)
        return TSNE(perplexity=PERPLEXITY, n_jobs=1, random_state=0).fit_transform(reduced)

    def ours() -> np.ndarray:
        reduced = embedding.principal_components(values, COMPONENTS)
        graph = nearest(reduced, 3 * PERPLEXITY, seed=0)
        return embedding.tsne(reduced, graph, PERPLEXITY, seed=0)

    with embedding.one_thread():
        embedding.tsne(values[:100, :5], nearest(values[:100, :5], 90, 0), 30, 0)  # imports
        times, results = alternate({"reference": reference, "ours": ours}, rounds=1, warm_up=False)
        reduced = embedding.principal_components(values, COMPONENTS)
        affinities = _affinities(reduced)
        divergence = {name: kl(affinities, places) for name, places in results.items()}
        shares = {name: preserved(reduced, places) for name, places in results.items()}
    ratio = divergence["ours"] / divergence["reference"]
    return Comparison(
        row="E1",
        what=(
            f"t-SNE of {count} x {width}; of {NEIGHBORS} neighbors {shares['reference']:.1%} and "
            f"{shares['ours']:.1%} are kept"
        ),
        reference="scikit-learn",
        reference_ms=times["reference"].cpu[0] * 1e3,
        ours=f"openTSNE on exact neighbors, {count} points",
        ours_ms=times["ours"].cpu[0] * 1e3,
        goal=6 if count >= 50_000 else None,
        gate=f"KL at most {LIMIT} times, {GATE}",
        measured=ratio,
        holds=ratio <= LIMIT and shares["ours"] >= shares["reference"] - FEWER,
        clock="CPU, one turn",
    )


def _affinities(reduced: np.ndarray) -> object:
    graph = nearest(reduced, 3 * PERPLEXITY, seed=0)
    return embedding.affinities(graph, PERPLEXITY).P.tocoo()


def kl(affinities: object, places: np.ndarray) -> float:
    """Return the divergence of a map from affinities, over all pairs of points."""
    places = places.astype(np.float64)
    squares = (places**2).sum(1)
    total = 0.0
    for start in range(0, len(places), 512):
        block = places[start : start + 512]
        apart = np.maximum(squares[start : start + 512, None] + squares - 2 * block @ places.T, 0)
        total += (1 / (1 + apart)).sum()
    total -= len(places)
    one, other, p = affinities.row, affinities.col, affinities.data / affinities.data.sum()
    apart = ((places[one] - places[other]) ** 2).sum(1)
    some = p > 0
    return float((p * (np.log(np.where(some, p, 1)) + np.log1p(apart) + np.log(total)))[some].sum())


def preserved(reduced: np.ndarray, places: np.ndarray) -> float:
    """Return the share of each point's nearest neighbors that are its nearest in the map too."""
    one, _ = nearest(reduced, NEIGHBORS, seed=0)
    other, _ = nearest(np.ascontiguousarray(places, dtype=np.float32), NEIGHBORS, seed=0)
    return kept(torch.from_numpy(one), torch.from_numpy(other))
