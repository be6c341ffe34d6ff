"""E1: t-SNE of the classifier's features on a CPU; E2: both maps by cuML on a GPU."""

import math

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from benchmarks import phantoms
from benchmarks.sections import Options
from benchmarks.timing import Comparison, alternate
from cellpheno.embedding import maps as embedding
from cellpheno.embedding.neighborhood import Neighborhood
from cellpheno.embedding.neighbors import nearest

PERPLEXITY, NEIGHBORS, COMPONENTS = 30, 15, 50
LIMIT = 1.02
FEWER = 0.005
"""By how much a map may keep a smaller share of the neighbors than the one it is compared with."""
GATE = f"neighbors kept at most {100 * FEWER:g} points fewer"
COMPARED_UP_TO = 200_000
"""Points that a CPU embeds too: a million would take an hour."""


def run(options: Options) -> list[Comparison]:
    """Compare with scikit-learn; both reduce to 50 components first, on one thread."""
    points, width = ((1000,), 64) if options.tiny else (options.points, 2048)
    if options.device.type == "cuda":
        return [compare_on_gpu(count, width, options) for count in points]
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

    with threadpool_limits(1):
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
        goal=None,
        gate=f"KL at most {LIMIT} times, {GATE}",
        measured=ratio,
        holds=ratio <= LIMIT and shares["ours"] >= shares["reference"] - FEWER,
        clock="CPU, one turn",
    )


def compare_on_gpu(count: int, width: int, options: Options) -> Comparison:
    """Embed so many points by t-SNE and UMAP, features in memory to places in memory, once."""
    values = phantoms.features(count, width)
    near = Neighborhood.fitting(count, PERPLEXITY, NEIGHBORS)
    reduced = embedding.principal_components(values, COMPONENTS)
    ways = {"ours": lambda: embedding.both_on_gpu(reduced, near, seed=0)}
    compared = count <= COMPARED_UP_TO
    if compared:
        ways["reference"] = lambda: embedding.both(reduced, near, seed=0)
    times, places = alternate(ways, rounds=1, wait=options.wait, warm_up=False)
    shares = {side: preserved(reduced, maps[0]) for side, maps in places.items()}
    fewer = shares["ours"] - shares.get("reference", shares["ours"])
    return Comparison(
        row="E2",
        what=f"t-SNE and UMAP of {count} x {width}; t-SNE keeps {shares['ours']:.1%} of neighbors",
        reference="openTSNE and umap-learn" if compared else "-",
        reference_ms=times["reference"].wall[0] * 1e3 if compared else math.nan,
        ours=f"cuML, {count} points",
        ours_ms=times["ours"].wall[0] * 1e3,
        goal=None,
        gate=GATE,
        measured=fewer,
        holds=fewer >= -FEWER,
        clock="elapsed, one turn",
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
    same = [np.isin(a, b).mean() for a, b in zip(one, other, strict=True)]
    return float(np.mean(same))
