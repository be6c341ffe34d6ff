"""Train a detector on tiles (A14 to A17)."""

import dataclasses
import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from cellpheno.core import boxes as geometry
from cellpheno.core.errors import StudyError
from cellpheno.core.progress import track
from cellpheno.core.randomness import derive, generator
from cellpheno.detection.augmentation import Augmentation, augment
from cellpheno.detection.backends import registry
from cellpheno.detection.backends.interface import Detector, Limits
from cellpheno.detection.coco import TileSet
from cellpheno.detection.pixels import rescale, to_tensor
from cellpheno.networks import multi_gpu
from cellpheno.networks.training import (
    Checkpoint,
    OptimizerSettings,
    build_optimizer,
    schedule,
    seed_step,
)
from cellpheno.tables import storage
from cellpheno.tables.metrics import HISTORY

logger = logging.getLogger(__name__)

VALIDATION_TILES = 12  # enough for watching; the evaluation uses whole fields
VALIDATION_LIMITS = Limits(min_score=0.5, nms_iou=0.5, max_detections=1000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(OptimizerSettings, Augmentation):
    """Settings of the config's `detection/training`."""

    steps: int
    max_gradient_norm: float | None
    """Longer gradients are shortened to it, unless it is None."""


def train(
    tiles: TileSet,
    validation: TileSet,
    channels: Sequence[str],
    model: Mapping[str, Any],
    settings: Settings,
    seed: int,
    checkpoint: Checkpoint,
    device: torch.device,
    save_every: float = 30.0,
    precision: str = "auto",
    validation_scale: float = 1.0,
) -> tuple[Detector, pd.DataFrame]:
    """Train a detector; resume where an earlier attempt was stopped.

    On a CPU a resumed training gives the same bits as an uninterrupted one. Tiles without cells are
    negative examples. Nothing is chosen by `validation`, which is enlarged by `validation_scale`,
    the detector's `inference.scale`. `precision` (the config's `compute.precision`) applies to the
    backbone; the rest is float32. The checkpoint's folder also has a `history.tsv` to watch, saved
    at least `save_every` seconds apart.

    Returns the detector on `device` and tables.HISTORY: mean losses (`loss` and its parts), and
    recall and precision on some validation tiles at IoU 0.5 for scores above 0.5.

    Raises
    ------
    StudyError
        When no cell is annotated, or the loss is no longer a number.
    """
    if not any(len(each) for each in tiles.boxes):
        raise StudyError(
            "The training tiles show no annotated cell, so there is nothing to learn; annotate "
            "fields of the split `train` or change splits/fractions."
        )
    torch.manual_seed(derive(seed, "detector weights"))
    detector = registry.build(model, channels)
    detector.network.to(device)
    detector.precision = precision
    multi_gpu.share_batch_norm(detector.network)
    optimizer = build_optimizer(detector.network, settings, detector.undecayed)
    progress = checkpoint.load(network=detector.network, optimizer=optimizer)
    rows: list[list[Any]] = progress.get("rows", [])
    recent: list[dict[str, float]] = progress.get("recent", [])
    first = progress.get("step", 0)
    factor = schedule(settings, settings.steps)

    saved = time.monotonic()
    for step in track(range(first, settings.steps), "training steps", settings.steps, start=first):
        seed_step(seed, step)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * factor(step)
        batch = _batch(tiles, settings, seed, step, device)
        recent.append(_step(detector, optimizer, batch, settings.max_gradient_norm))
        done = step + 1
        if _due(done, settings.steps, parts=50, at_least=10):
            rows += _mean_losses(done, recent)
            recent = []
        if len(validation) and _due(done, settings.steps, parts=20, at_least=50):
            rows += _validate(done, detector, validation, validation_scale, device)
        if multi_gpu.rank():  # the first process writes for all
            continue
        if time.monotonic() - saved >= save_every and done < settings.steps:
            state = {"step": done, "rows": rows, "recent": recent}
            checkpoint.save(state, network=detector.network, optimizer=optimizer)
            storage.write(_history(rows), checkpoint.path.parent / "history.tsv", HISTORY)
            saved = time.monotonic()
    return detector, _history(rows)


def draw(n_tiles: int, batch_size: int, seed: int, step: int) -> Iterator[int]:
    """Yield the tiles of one step; each epoch takes every tile once, in a new order."""
    for place in range(step * batch_size, (step + 1) * batch_size):
        epoch, position = divmod(place, n_tiles)
        yield int(generator(seed, "detector epoch", epoch).permutation(n_tiles)[position])


def _batch(
    tiles: TileSet, settings: Settings, seed: int, step: int, device: torch.device
) -> tuple[list[Tensor], list[Tensor]]:
    rows = list(draw(len(tiles), settings.batch_size, seed, step))
    images = [to_tensor(tiles.images[row], device) for row in rows]
    boxes = [torch.from_numpy(tiles.boxes[row]).to(device) for row in rows]
    chance = generator(seed, "detector augmentation", step)
    images, boxes = augment(images, boxes, settings, chance)
    multi_gpu.seed_apart(seed, step)
    return multi_gpu.share(images), multi_gpu.share(boxes)


def _step(
    detector: Detector,
    optimizer: torch.optim.Optimizer,
    batch: tuple[list[Tensor], list[Tensor]],
    max_gradient_norm: float | None,
) -> dict[str, float]:
    """Take one step of the optimiser and return the losses before it."""
    losses = detector.losses(*batch)
    loss = torch.stack(list(losses.values())).sum()
    parts = multi_gpu.mean(torch.stack([loss, *losses.values()])).tolist()
    if not math.isfinite(parts[0]):
        raise StudyError(
            "The detector's training loss is no longer a number; lower "
            "detection/training/learning_rate or raise its warmup."
        )
    optimizer.zero_grad()
    loss.backward()
    multi_gpu.average_gradients(detector.network)
    if max_gradient_norm is not None:
        torch.nn.utils.clip_grad_norm_(detector.network.parameters(), max_gradient_norm)
    optimizer.step()
    return dict(zip(["loss", *losses], parts, strict=True))


def _due(done: int, total: int, parts: int, at_least: int) -> bool:
    """Return whether to report now: about `parts` times, not too often, and at the end."""
    return done == total or done % max(at_least, total // parts) == 0


def _mean_losses(done: int, recent: list[dict[str, float]]) -> list[list[Any]]:
    means = {key: float(np.mean([each[key] for each in recent])) for key in recent[0]}
    logger.info("step %d: %s", done, ", ".join(f"{key} {mean:.3f}" for key, mean in means.items()))
    return [[done, "train", "all", key, mean] for key, mean in means.items()]


def _validate(
    done: int, detector: Detector, tiles: TileSet, scale: float, device: torch.device
) -> list[list[Any]]:
    """Return recall and precision on up to `VALIDATION_TILES` tiles, spread over the set."""
    count = min(VALIDATION_TILES, len(tiles))
    found = predicted = annotated = 0
    for row in np.linspace(0, len(tiles) - 1, count).round().astype(int):
        annotated_boxes = torch.from_numpy(tiles.boxes[row])
        image, there = rescale(to_tensor(tiles.images[row], device), annotated_boxes, scale)
        boxes, scores = detector.detect(image, VALIDATION_LIMITS)
        matched = geometry.match(
            boxes.cpu().numpy().astype(np.float64),
            scores.cpu().numpy(),
            there.numpy().astype(np.float64),
            min_iou=0.5,
        )
        found += int((matched >= 0).sum())
        predicted += len(matched)
        annotated += len(tiles.boxes[row])
    recall = found / annotated if annotated else float("nan")
    precision = found / predicted if predicted else float("nan")
    logger.info("step %d: validation recall %.3f, precision %.3f", done, recall, precision)
    return [
        [done, "val", "all", "recall", recall],
        [done, "val", "all", "precision", precision],
    ]


def _history(rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[column.name for column in HISTORY.columns])
