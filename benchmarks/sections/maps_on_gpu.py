"""E2, E3: t-SNE and UMAP of the classifier's features on a GPU."""

import math
import os
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks import phantoms
from benchmarks.sections import Options
from benchmarks.sections.neighborhoods import COMPONENTS, FEWER, GATE, NEIGHBORS, PERPLEXITY, kept
from benchmarks.timing import Comparison, alternate
from cellpheno.gpu_embedding import maps
from cellpheno.gpu_embedding.nearest import nearest
from cellpheno.gpu_embedding.tsne import tsne
from cellpheno.gpu_embedding.umap import umap

COMPARED_UP_TO = 200_000
"""Points that a CPU embeds too: of a million it would take an hour."""


def compare(count: int, width: int, options: Options) -> list[Comparison]:
    """Embed so many points by both methods, features in memory to places in memory."""
    values = phantoms.features(count, width)
    ours = {
        "E2": lambda: _ours(values, options.device, _tsne),
        "E3": lambda: _ours(values, options.device, _umap),
    }
    theirs = {"E2": ("openTSNE", _open_tsne), "E3": ("umap-learn", _umap_learn)}
    reduced = maps.principal_components(torch.from_numpy(values).to(options.device), COMPONENTS)
    near, _ = nearest(reduced, NEIGHBORS)
    compared = count <= COMPARED_UP_TO
    found = []
    for row, way in ours.items():
        name, reference = theirs[row]
        ways: dict[str, Callable[[], np.ndarray]] = {"ours": way}
        if compared:
            ways["reference"] = lambda reference=reference: reference(reduced.cpu().numpy())
        if options.device.type == "cuda":
            way()  # the first call of a kernel loads it
        times, places = alternate(ways, rounds=1, wait=options.wait, warm_up=False)
        shares = {side: _preserved(near, each, options.device) for side, each in places.items()}
        who = f"{name} after our components, {os.cpu_count()} cores"
        found.append(
            Comparison(
                row=row,
                what=f"{count} x {width}; of {NEIGHBORS} neighbors {shares['ours']:.1%} are kept",
                reference=who if compared else "-",
                reference_ms=times["reference"].wall[0] * 1e3 if compared else math.nan,
                ours=f"{'t-SNE' if row == 'E2' else 'UMAP'} of {count} points",
                ours_ms=times["ours"].wall[0] * 1e3,
                goal=50 if compared and row == "E2" else None,
                gate=GATE,
                measured=shares["ours"] - shares.get("reference", shares["ours"]),
                holds=shares["ours"] >= shares.get("reference", 0) - FEWER,
                clock="elapsed, one turn",
            )
        )
    return found


def _ours(values: np.ndarray, device: torch.device, method: Callable) -> np.ndarray:
    reduced = maps.principal_components(torch.from_numpy(values).to(device), COMPONENTS)
    return method(maps.beginning(reduced), *nearest(reduced, 3 * PERPLEXITY)).cpu().numpy()


def _tsne(start: Tensor, indices: Tensor, distances: Tensor) -> Tensor:
    return tsne(start * 1e-4, indices, distances, PERPLEXITY)


def _umap(start: Tensor, indices: Tensor, distances: Tensor) -> Tensor:
    k = NEIGHBORS - 1
    generator = torch.Generator(start.device).manual_seed(0)
    return umap(start, indices[:, :k], distances[:, :k], generator)


def _open_tsne(reduced: np.ndarray) -> np.ndarray:
    import openTSNE

    return np.asarray(openTSNE.TSNE(perplexity=PERPLEXITY, n_jobs=-1, random_state=0).fit(reduced))


def _umap_learn(reduced: np.ndarray) -> np.ndarray:
    import umap

    return umap.UMAP(n_neighbors=NEIGHBORS, n_jobs=-1).fit_transform(reduced)


def _preserved(near: Tensor, places: np.ndarray, device: torch.device) -> float:
    """Return the share of each point's nearest neighbors that are its nearest in the map too."""
    flat = torch.from_numpy(np.asarray(places, dtype=np.float32)).to(device)
    found, _ = nearest(flat - flat.mean(0), NEIGHBORS)
    return kept(near, found)
