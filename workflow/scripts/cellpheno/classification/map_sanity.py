"""Check that maps depend on what the network has learned (Adebayo et al. 2018).

A map that stays the same when the weights are destroyed shows edges of the picture, not what the
network has learned.
"""

import copy
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy import stats
from torch import nn

from cellpheno.classification.feature_maps import Layer, parts
from cellpheno.classification.gradcam import explain
from cellpheno.core.randomness import derive, generator
from cellpheno.networks.backbones import Classifier

Crops = npt.NDArray[np.uint8]
Maps = npt.NDArray[np.float32]

PLACES = 16
"""Places along each side at which two maps are compared."""
HEAD = "head"


def explain_every_class(
    model: Classifier, crops: Crops, layer: Layer, device: torch.device
) -> Maps:
    """Return the Grad-CAM maps [n, classes, S, S] of crops [n, S, S, C] for every class (L27)."""
    classes = range(model.head.out_features)
    maps = [explain(model, crops, np.full(len(crops), k), layer, device) for k in classes]
    return np.stack(maps, axis=1)


def stages(model: Classifier) -> list[tuple[str, nn.Module]]:
    """Return a network's modules with weights from its end to its beginning, the head first."""
    named = [(name, model.backbone.get_submodule(name)) for name in parts(model.backbone)]
    return [(HEAD, model.head), *named]


def destroyed(model: Classifier, seed: int) -> Iterator[tuple[str, Classifier]]:
    """Yield the network as more and more of it is destroyed from its end, with the last module.

    The weights of each tensor are shuffled: they keep their distribution, so signals neither vanish
    nor explode, but lose everything learned. The model itself does not change; each step destroys
    more of one copy.
    """
    broken = copy.deepcopy(model)
    for name, part in stages(broken):
        source = torch.Generator().manual_seed(derive(seed, "destroyed", name))
        with torch.no_grad():
            for weights in part.parameters():
                order = torch.randperm(weights.numel(), generator=source).to(weights.device)
                weights.copy_(weights.flatten()[order].view_as(weights))
        yield name, broken


def alike(first: Maps, second: Maps) -> npt.NDArray[np.float64]:
    """Return Spearman's rank correlation [n] of maps [n, S, S] with others; 0 if a map is 0."""
    pairs = zip(_places(first), _places(second), strict=True)
    return np.array([_rank_correlation(a, b) for a, b in pairs])


def _places(maps: Maps) -> list[npt.NDArray[np.float32]]:
    return [cv2.resize(one, (PLACES, PLACES), interpolation=cv2.INTER_AREA).ravel() for one in maps]


def _rank_correlation(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    if not np.ptp(a) or not np.ptp(b):
        return 0.0
    return float(stats.spearmanr(a, b).statistic)


def check(
    model: Classifier,
    crops: Crops,
    targets: npt.NDArray[np.int64],
    layer: Layer,
    seed: int,
    device: torch.device,
) -> pd.DataFrame:
    """Compare maps with those of the network as more and more of it is destroyed.

    The crops [n, S, S, C] are explained for the classes `targets` [n]. Returns tables.MAP_SANITY.
    Its first row, step 0, compares each map with that of another crop by the intact network: what
    maps have in common anyway. Good maps fall to about that.
    """
    sound = explain(model, crops, targets, layer, device)
    rows = [(0, "maps of other crops", *_mean(alike(sound, sound[_others(len(sound), seed)])))]
    for step, (name, broken) in enumerate(destroyed(model, seed), 1):
        maps = explain(broken, crops, targets, layer, device)
        rows.append((step, name, *_mean(alike(sound, maps))))
    names = ["step", "destroyed", "rank_correlation", "ci_low", "ci_high", "n"]
    return pd.DataFrame(rows, columns=names)


def _others(n: int, seed: int) -> npt.NDArray[np.int64]:
    """Return for each of n crops another one, each once."""
    order = generator(seed, "other crops").permutation(n)
    other = np.empty(n, np.int64)
    other[order] = np.roll(order, 1)
    return other


def _mean(values: npt.NDArray[np.float64]) -> tuple[float, float, float, int]:
    """Return mean, its 95 % interval by the t distribution, and n."""
    n = len(values)
    half = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half), n
