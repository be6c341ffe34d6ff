"""Grad-CAM: which part of a crop speaks for a class."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from cellpheno.classification.backbones import Classifier, channel_axis, to_tensor
from cellpheno.errors import StudyError
from cellpheno.tables import BOX_COLUMNS

BATCH = 64


def find_layer(model: Classifier, name: str | None) -> nn.Module:
    """Return a module of the backbone by torchvision's name; None means the last feature map.

    Raises
    ------
    StudyError
        When the backbone has no such module.
    """
    if name is None:
        return model.backbone
    layers = dict(model.backbone.named_modules())
    if name not in layers:
        first = [layer for layer in layers if layer and layer.count(".") < 2]
        raise StudyError(
            f"grad_cam/layer is {name!r}, which {model.settings.backbone} does not have; choose "
            f"null or one of {', '.join(first)}."
        )
    return layers[name]


def class_maps(model: Classifier, seen: torch.Tensor) -> torch.Tensor:
    """Return what each place of the last feature map adds to each class, without a gradient pass.

    Behind the last feature map come a mean over places and a few layers on single vectors, so the
    gradient of a logit is the same at every place: a row of the linear layer, or what the norm
    before it makes of that row. This is Grad-CAM of the last layer before its negative part is
    taken off, up to a factor per map; the weights cost one small product.

    Parameters
    ----------
    model
        In evaluation mode.
    seen
        [n, D, h, w] feature maps that `model.features` gave.

    Returns
    -------
    tensor
        [n, classes, h, w] float32; the mean over places is the part of the logit that is linear in
        the features.
    """
    linear = model.head.weight
    if isinstance(model.norm, nn.Identity):
        return functional.conv2d(seen, linear[:, :, None, None])
    with torch.inference_mode(False), torch.enable_grad():
        mean = seen.mean((2, 3), keepdim=True).clone().requires_grad_()
        logits = model.head(model.norm(mean).flatten(1))
        rows = [torch.autograd.grad(each.sum(), mean, retain_graph=True)[0] for each in logits.T]
    return torch.einsum("cnd,ndhw->nchw", torch.stack(rows)[..., 0, 0], seen)


def heat(evidence: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return evidence [n, h, w] without its negative part, enlarged to `size`, at most 1."""
    enlarged = functional.interpolate(
        evidence[:, None].relu().float(), size, mode="bilinear", align_corners=False
    )[:, 0]
    highest = enlarged.amax((1, 2), keepdim=True)
    return enlarged / torch.where(highest > 0, highest, 1.0)


def grad_cam(
    model: nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    layer: nn.Module,
    channel: int = 1,
) -> torch.Tensor:
    """Return the Grad-CAM map of each image.

    Each channel of the layer is weighted by the mean gradient of the target's logit; the sum
    over channels without its negative part is the map. The gradient goes back to the layer
    alone: the forward pass before it keeps no graph.

    Parameters
    ----------
    model
        Images to logits [n, classes], in evaluation mode.
    images
        [n, C, H, W].
    targets
        [n] class that is explained.
    layer
        A module of the model with a feature map [n, K, h, w] as output.
    channel
        The axis of K; 3 where a layer gives [n, h, w, K], as those of Swin do.

    Returns
    -------
    tensor
        [n, H, W] float32, the highest value of each map is 1; all 0 where nothing speaks for
        the class.
    """
    maps: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        maps.append(output.detach().requires_grad_())
        torch.set_grad_enabled(True)
        return maps[0].clone()  # what follows may work in place

    handle = layer.register_forward_hook(keep)
    try:
        with torch.no_grad():
            logits = model(images)
            chosen = logits.gather(1, targets[:, None]).sum()
    finally:
        handle.remove()
    (gradient,) = torch.autograd.grad(chosen, maps)
    gradient, seen = (each.movedim(channel, 1) for each in (gradient, maps[0].detach()))
    weights = gradient.mean((2, 3), keepdim=True)
    return heat((weights * seen).sum(1), images.shape[2:])


def explain(
    model: Classifier,
    crops: npt.NDArray[np.uint8],
    targets: npt.NDArray[np.int64],
    layer: str | None,
    device: torch.device,
) -> npt.NDArray[np.float32]:
    """Return the Grad-CAM map [n, S, S] of each crop [n, S, S, C] for its target class [n].

    That of the last feature map (layer None) is had without a gradient (see `class_maps`).
    """
    module = find_layer(model, layer)
    maps = np.zeros(crops.shape[:3], dtype=np.float32)
    for start in range(0, len(crops), BATCH):
        part = slice(start, start + BATCH)
        images = to_tensor(crops[part], device)
        wanted = torch.from_numpy(targets[part]).to(device)
        if layer is None:
            with torch.no_grad():
                evidence = class_maps(model, model.features(images))
            found = heat(evidence[torch.arange(len(wanted)), wanted], images.shape[2:])
        else:
            axis = channel_axis(model.settings.backbone, layer)
            found = grad_cam(model, images, wanted, module, axis)
        maps[part] = found.cpu().numpy()
    return maps


def choose(
    cells: pd.DataFrame, splits: list[str], classes: list[str], per_class: int
) -> pd.DataFrame:
    """Choose annotated cells to explain: of each class the surest right calls, then wrong ones.

    Parameters
    ----------
    cells
        The cells table.
    splits
        Where to choose.
    classes
        In the order of the result.
    per_class
        Cells of each annotated class; fewer where there are fewer.

    Returns
    -------
    table
        Rows of `cells` with the column `correct`, by class.

    Raises
    ------
    StudyError
        When no cell of these splits is annotated.
    """
    known = cells[cells["split"].isin(splits) & cells["label"].isin(classes)]
    if known.empty:
        raise StudyError(
            f"grad_cam/splits is {', '.join(splits)}, but no detected cell there matches an "
            "annotated one; name splits of annotated fields, such as test."
        )
    known = known.assign(correct=known["label"] == known["call"])
    order = ["correct", "cls_score", "field", *BOX_COLUMNS]
    known = known.sort_values(order, ascending=[False, False, *[True] * 5])
    chosen = [known[known["label"] == name].head(per_class) for name in classes]
    return pd.concat(chosen, ignore_index=True)
