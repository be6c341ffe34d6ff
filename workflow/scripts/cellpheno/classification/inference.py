"""Compute class probabilities and pooled features of detected cells."""

import dataclasses
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from cellpheno.classification import crops_on_gpu
from cellpheno.classification.gradcam import class_maps
from cellpheno.core.errors import StudyError
from cellpheno.images import crops, store
from cellpheno.images.crops import Geometry
from cellpheno.networks.backbones import Classifier, Trained, to_tensor
from cellpheno.networks.cuda_graphs import Recorded
from cellpheno.networks.precision import computing
from cellpheno.networks.prefetch import on_device
from cellpheno.tables.columns import BOX_COLUMNS

Crops = npt.NDArray[np.uint8] | Tensor

PIXELS = {"cpu": 64 * 96**2, "cuda": 512 * 224**2}
"""Pixels of a batch of crops, which affects results only by rounding. On a CPU more would not fit
its caches: ResNet-101 at 224 px takes a quarter longer per crop in batches of 32 than of 8."""
FEW_PIXELS = 64 * 224**2
"""Up to this many pixels, a GPU waits longer for its next kernel than it computes."""
ADAPTIVE = "adaptive"
SURE = 0.9
"""Difference of the two highest probabilities from which one view is enough."""
_recorded: weakref.WeakKeyDictionary[Classifier, Recorded] = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Probabilities [n, classes] as float64 and pooled features [n, D] as float16.

    Class activation maps [n, classes, h, w] are float32, if requested (see `gradcam.class_maps`;
    `gradcam.heat` lays them over the crops).
    """

    probabilities: npt.NDArray[np.float64]
    features: npt.NDArray[np.float16]
    maps: npt.NDArray[np.float32] | None = None


@dataclasses.dataclass(frozen=True)
class Computed:
    """A prediction on the device that may still be in progress."""

    probabilities: Tensor
    features: Tensor
    maps: Tensor | None

    def fetch(self) -> Prediction:
        """Wait for the prediction."""
        return Prediction(
            self.probabilities.cpu().numpy(),
            self.features.cpu().numpy(),
            None if self.maps is None else self.maps.cpu().numpy(),
        )


@dataclasses.dataclass(frozen=True)
class Settings:
    """The keys of the config's `classification/inference`."""

    four_flips: bool | str
    """Whether probabilities are means over the crop, both its mirror images and its half turn
    (A34); `ADAPTIVE` adds these three views only if the crop leaves the class unsure."""


def batch_size(geometry: Geometry, device: torch.device) -> int:
    """Return the number of crops in a batch on a device."""
    return max(1, PIXELS[device.type] // geometry.size**2)


def predict(
    model: Classifier,
    crops: Crops,
    settings: Settings,
    device: torch.device,
    maps: bool = False,
) -> Prediction:
    """Classify crops, uint8 [n, S, S, channels], by a model in evaluation mode on the device.

    Features, and class activation maps if `maps`, are those of the crop itself.
    """
    return compute(model, crops, settings, device, maps).fetch()


@torch.inference_mode()
def compute(
    model: Classifier,
    crops: Crops,
    settings: Settings,
    device: torch.device,
    maps: bool = False,
) -> Computed:
    """Do the same as `predict`, but do not wait for the device."""
    images = to_tensor(crops, device)
    features_of = _features_of(model, images)
    views = [(), (2,), (3,), (2, 3)] if settings.four_flips else [()]
    total = torch.zeros((len(images), model.head.out_features), device=device)
    rows: slice | Tensor = slice(None)
    for axes in views:
        with computing("float32", device):  # or in the format of the weights
            seen = features_of(images.flip(axes) if axes else images)
            pooled = model.pool(seen)
            logits = model.head(pooled)
        total[rows] += logits.float().softmax(1)
        if not axes:
            features = pooled.half()
            evidence = class_maps(model, seen) if maps else None
            if settings.four_flips == ADAPTIVE:
                rows = unsure(total)
                if not len(rows):
                    break
                images = images.permute(0, 2, 3, 1)[rows].permute(0, 3, 1, 2)
    total[rows] /= len(views)
    return Computed(total.clamp(0, 1).double(), features, evidence)


def unsure(probabilities: Tensor) -> Tensor:
    """Return the rows [m] whose two likeliest classes are closer than `SURE`."""
    if probabilities.shape[1] < 2:
        return torch.arange(len(probabilities), device=probabilities.device)
    highest, _ = probabilities.topk(2, dim=1)
    return (highest[:, 0] - highest[:, 1] < SURE).nonzero()[:, 0]


def _features_of(model: Classifier, images: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the function from images to feature maps: for few on a GPU a recording."""
    if not images.is_cuda or images.shape[0] * images.shape[2] ** 2 > FEW_PIXELS:
        return model.features
    if model not in _recorded:
        known = weakref.proxy(model)  # so that the recording does not keep the model alive
        _recorded[model] = Recorded(lambda images: known.features(images))
    return _recorded[model]


def fetched(parts: Iterable[Computed]) -> Iterator[Prediction]:
    """Yield predictions, each after the next one has started, so that the device stays busy."""
    before = None
    for part in parts:
        if before is not None:
            yield before.fetch()
        before = part
    if before is not None:
        yield before.fetch()


def cut(image: Crops, boxes: npt.NDArray[np.float64], geometry: Geometry) -> Crops:
    """Cut crops out of a field in the memory that holds it: on a GPU, or with OpenCV."""
    if torch.is_tensor(image):
        return crops_on_gpu.cut(image, boxes, geometry)
    return crops.cut(image, boxes, geometry)


def regroup(arrays: Iterable[Crops], size: int) -> Iterator[Crops]:
    """Yield the rows of arrays, or of tensors, `size` at a time."""
    waiting: list[Crops] = []
    for array in arrays:
        waiting.append(array)
        if sum(map(len, waiting)) >= size:
            rows = _joined(waiting)
            whole = len(rows) // size * size
            yield from (rows[start : start + size] for start in range(0, whole, size))
            waiting = [rows[whole:]]
    if sum(map(len, waiting)):
        yield _joined(waiting)


def _joined(arrays: list[Any]) -> Crops:
    return torch.cat(arrays) if torch.is_tensor(arrays[0]) else np.concatenate(arrays)


def classify(
    trained: Trained,
    shard: str | Path,
    detections: pd.DataFrame,
    settings: Settings,
    device: torch.device,
) -> tuple[pd.DataFrame, npt.NDArray[np.float16]]:
    """Classify the detected cells of a shard of fields.

    Returns the predictions table in the order of `detections`, and features [n, D]. Raises
    StudyError when a detection's field is not in the shard.
    """
    cells = detections.sort_values("field", kind="stable", ignore_index=True)
    absent = set(cells["field"]) - set(store.names(shard))
    if absent:
        raise StudyError(
            f"{shard} lacks the field {min(absent)}, which has detections; delete the detections "
            "and the converted shard and run the workflow again."
        )
    rows = cells.groupby("field").indices
    boxes = cells[BOX_COLUMNS].to_numpy(np.float64)
    order = [rows[name] for name in store.names(shard) if name in rows]
    pictures = (
        cut(image, boxes[rows[field]], trained.geometry)
        for field, image in on_device(store.read(shard, rows, trained.channels), device)
    )
    model = trained.model
    groups = regroup(pictures, batch_size(trained.geometry, device))
    computed = (compute(model, part, settings, device) for part in groups)
    parts = list(fetched(computed))
    probabilities = np.empty((len(cells), len(trained.classes)))
    features = np.empty((len(cells), model.n_features), dtype=np.float16)
    if parts:
        place = np.concatenate(order)
        probabilities[place] = np.concatenate([part.probabilities for part in parts])
        features[place] = np.concatenate([part.features for part in parts])
    table = cells[["field", *BOX_COLUMNS]].assign(det_score=cells["score"])
    named = {f"p_{name}": probabilities[:, i] for i, name in enumerate(trained.classes)}
    table = table.assign(**named, feature_row=np.arange(len(table)))
    return table, features
