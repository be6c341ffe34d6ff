"""Grad-CAM: show which part of a crop supports a class."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from cellpheno.classification.feature_maps import Layer
from cellpheno.core.errors import StudyError
from cellpheno.core.randomness import generator
from cellpheno.networks.backbones import Classifier, to_tensor
from cellpheno.tables.columns import BOX_COLUMNS

BATCH = 64
KINDS = SUREST, BY_CHANCE, WRONG = "surest", "by chance", "wrong"
"""Why a cell was chosen: sure and right, drawn among its class, or one of the other errors."""


def class_maps(model: Classifier, seen: torch.Tensor) -> torch.Tensor:
    """Return the contribution [n, classes, h, w] of each place to each class without a gradient.

    The last feature maps `seen` [n, D, h, w] are followed by a mean over places and a few layers on
    single vectors, so the gradient of a logit is the same at every place: a row of the linear
    layer, or what the norm before it makes of that row. This is Grad-CAM of the last layer with its
    negative part, up to a factor per map; the mean over places is the part of the logit that is
    linear in the features. The model is in evaluation mode.
    """
    linear = model.head.weight
    if isinstance(model.norm, nn.Identity):
        return functional.conv2d(seen, linear[:, :, None, None])
    with torch.inference_mode(False), torch.enable_grad():
        mean = seen.mean((2, 3), keepdim=True).clone().requires_grad_()
        logits = model.head(model.norm(mean).flatten(1))
        rows = [torch.autograd.grad(each.sum(), mean, retain_graph=True)[0] for each in logits.T]
    return torch.einsum("cnd,ndhw->nchw", torch.stack(rows)[..., 0, 0], seen)


def heat(evidence: torch.Tensor, layer: Layer) -> torch.Tensor:
    """Return evidence [n, h, w] as float32 maps [n, S, S] over the crops, from 0 to 1.

    The negative part is cut off. Each position lies at the centre of its receptive field; values
    between centres are bilinear, and those beyond the outer centres constant.
    """
    evidence = evidence.relu().float()
    across = _shares(layer, evidence.device)
    enlarged = across @ evidence @ across.T
    highest = enlarged.amax((1, 2), keepdim=True)
    return enlarged / torch.where(highest > 0, highest, 1.0)


def _shares(layer: Layer, device: torch.device) -> torch.Tensor:
    """Return the share [S, h] that each position has in each pixel of a line."""
    pixels = torch.arange(layer.size, device=device)
    positions = torch.arange(layer.grid.positions, device=device)
    places = (pixels - layer.grid.first) / layer.grid.step
    places = places.clamp(0, layer.grid.positions - 1)
    return (1 - (places[:, None] - positions).abs()).clamp(min=0)


def grad_cam(
    model: nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    module: nn.Module,
    channel: int = 1,
) -> torch.Tensor:
    """Return the contribution [n, h, w] of each position of a feature map to each image's class.

    Each channel is weighted by the mean gradient of the logit of the target [n]; the sum over
    channels, with its negative part, is the evidence. Only `module`, whose output is [n, K, h, w],
    or [n, h, w, K] with `channel` 3 as in Swin, receives the gradient: the layers before it keep no
    graph. The model is in evaluation mode.
    """
    maps: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        maps.append(output.detach().requires_grad_())
        torch.set_grad_enabled(True)
        return maps[0].clone()  # later layers may change it in place

    handle = module.register_forward_hook(keep)
    try:
        with torch.no_grad():
            logits = model(images)
            chosen = logits.gather(1, targets[:, None]).sum()
    finally:
        handle.remove()
    (gradient,) = torch.autograd.grad(chosen, maps)
    gradient, seen = (each.movedim(channel, 1) for each in (gradient, maps[0].detach()))
    weights = gradient.mean((2, 3), keepdim=True)
    return (weights * seen).sum(1)


def explain(
    model: Classifier,
    crops: npt.NDArray[np.uint8],
    targets: npt.NDArray[np.int64],
    layer: Layer,
    device: torch.device,
) -> npt.NDArray[np.float32]:
    """Return the Grad-CAM map [n, S, S] of each crop [n, S, S, C] for its target class [n].

    The highest value of each map is 1; a map without support for the class is 0. The last feature
    map needs no gradient (see `class_maps`).
    """
    module = model.backbone.get_submodule(layer.name)
    maps = np.zeros(crops.shape[:3], dtype=np.float32)
    for start in range(0, len(crops), BATCH):
        part = slice(start, start + BATCH)
        images = to_tensor(crops[part], device)
        wanted = torch.from_numpy(targets[part]).to(device)
        if module is model.backbone:
            with torch.no_grad():
                evidence = class_maps(model, model.features(images))
            evidence = evidence[torch.arange(len(wanted)), wanted]
        else:
            evidence = grad_cam(model, images, wanted, module, layer.channel)
        maps[part] = heat(evidence, layer).cpu().numpy()
    return maps


def choose(
    cells: pd.DataFrame, splits: list[str], classes: list[str], per_class: int, seed: int
) -> pd.DataFrame:
    """Choose annotated cells of some splits to explain: sure and right ones, any, and wrong ones.

    `per_class` cells of each annotated class and each of `KINDS`, or fewer if there are fewer. The
    cells `by chance` are a fair sample of their class, drawn first. Returns rows of `cells` in the
    order of the classes, with `correct` and `kind`. Raises StudyError when no cell is annotated.
    """
    known = cells[cells["split"].isin(splits) & cells["label"].isin(classes)]
    if known.empty:
        raise StudyError(
            f"grad_cam/splits is {', '.join(splits)}, but no detected cell there matches an "
            "annotated one; name splits of annotated fields, such as test."
        )
    known = known.assign(correct=known["label"] == known["call"])
    known = known.sort_values(["field", *BOX_COLUMNS], ignore_index=True)
    chosen = [_choose(known[known["label"] == name], per_class, seed) for name in classes]
    return pd.concat(chosen, ignore_index=True)


def _choose(cells: pd.DataFrame, number: int, seed: int) -> pd.DataFrame:
    """Choose `number` cells of each of `KINDS` among those of one class."""
    drawn = cells.sample(frac=1, random_state=generator(seed, "explained", *cells["label"].head(1)))
    fair, rest = drawn.head(number), drawn.iloc[number:]
    right, wrong = rest[rest["correct"]], rest[~rest["correct"]].head(number)
    surest = right.sort_index().nlargest(number, "cls_score")
    found = zip(KINDS, (surest, fair, wrong), strict=True)
    return pd.concat([part.assign(kind=kind) for kind, part in found])
