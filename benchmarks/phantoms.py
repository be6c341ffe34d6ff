"""Pictures to measure with: round cells with one to four nuclei, their boxes and classes known.

Made in a moment and for nothing else: how fast a network is does not depend on what it sees, and
whether two ways agree needs a network that has learned something, and some cells that are hard to
tell apart: nuclei in noise, which may touch. And features, as of a network that has seen a million
cells.
"""

import functools

import cv2
import numpy as np
import numpy.typing as npt
import torch

from cellpheno.classification.sampling import channel_statistics
from cellpheno.classification.training import Trainer, TrainingSettings
from cellpheno.detection.coco import TileSet
from cellpheno.images.crops import Geometry, cut
from cellpheno.networks.backbones import Classifier, ModelSettings, build

Image = npt.NDArray[np.uint8]
BACKGROUND = 40
CLASSES = ["one", "two", "three", "four"]
GEOMETRY = Geometry(margin=0.16, border=0.12, size=64)
TRAINING = TrainingSettings(
    validation="fields",
    epochs=1,
    batch_size=32,
    optimizer="adamw",
    learning_rate=0.002,
    weight_decay=0.01,
    schedule="cosine",
    warmup=5,
    milestones=[],
    label_smoothing=0.0,
    balance=False,
    flips=True,
    quarter_turns=False,
)


def field(
    height: int,
    width: int,
    cells: int,
    seed: int,
    radius: tuple[int, int] = (14, 24),
    contrast: float = 1.0,
) -> tuple[Image, npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Draw one field; with little contrast its cells are hard to find in the noise.

    Returns
    -------
    image, boxes, labels
        uint8 [height, width, 3]; [n, 4] in px, half-open; [n] number of nuclei less one. There may
        be fewer cells than asked for, where there is no room.
    """
    random = np.random.default_rng(seed)
    canvas = np.full((height, width, 3), BACKGROUND, np.float32)
    boxes, labels = [], []
    for _ in range(cells * 3):
        size = int(random.integers(*radius))
        if len(boxes) == cells or 2 * size + 4 > min(height, width):
            break
        x, y = random.integers(size, width - size), random.integers(size, height - size)
        box = [x - size, y - size, x + size, y + size]
        if any(_overlap(box, other) for other in boxes):
            continue
        label = int(random.integers(len(CLASSES)))
        cv2.circle(canvas, (int(x), int(y)), size, (90, 130, 45), -1)
        cv2.circle(canvas, (int(x), int(y)), size, (190, 90, 40), 2)
        turn = random.uniform(0, 2 * np.pi)
        for number in range(label + 1):
            angle = turn + 2 * np.pi * number / (label + 1) + random.uniform(-0.4, 0.4)
            away = random.uniform(0.3, 0.6) * size
            place = int(x + away * np.cos(angle)), int(y + away * np.sin(angle))
            cv2.circle(canvas, place, max(2, size // 5), (80, 90, 200), -1)
        boxes.append(box)
        labels.append(label)
    canvas = BACKGROUND + contrast * (canvas - BACKGROUND)
    canvas = cv2.GaussianBlur(canvas, (0, 0), 1.5) + random.normal(0, 18, canvas.shape)
    image = np.clip(canvas, 0, 255).astype(np.uint8)
    return image, np.array(boxes, np.float64).reshape(-1, 4), np.array(labels, np.int64)


def _overlap(one: list[int], other: list[int]) -> bool:
    return not (
        one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    )


def crops(count: int, seed: int) -> tuple[Image, npt.NDArray[np.int64]]:
    """Return the crops of so many cells, cut from as many fields as it takes, and their classes."""
    pictures: list[Image] = []
    classes: list[npt.NDArray[np.int64]] = []
    while sum(map(len, classes)) < count:
        image, boxes, labels = field(512, 640, 40, seed=seed * 10_000 + len(classes))
        pictures.append(cut(image, boxes, GEOMETRY))
        classes.append(labels)
    return np.concatenate(pictures)[:count], np.concatenate(classes)[:count]


@functools.cache
def trained_classifier(steps: int, device: torch.device) -> Classifier:
    """Return a small ResNet-18 that has learned to count nuclei; the same one for equal steps."""
    pictures, labels = crops(steps * TRAINING.batch_size, seed=1)
    rows = np.arange(len(pictures)), np.arange(0)
    torch.manual_seed(0)
    model = build(ModelSettings("resnet18"), len(CLASSES), *channel_statistics(pictures, rows[0]))
    Trainer(model, pictures, labels, rows, TRAINING, 0, device, "float32").train_epoch(0)
    return model.cpu().eval().requires_grad_(False)


@functools.cache
def tiles(count: int, seed: int, side: int = 256, contrast: float = 1.0) -> TileSet:
    """Return tiles with their boxes, to train or to judge detectors with; nobody changes them."""
    drawn = [
        field(side, side, 14, seed * 10_000 + number, contrast=contrast) for number in range(count)
    ]
    return TileSet(
        [f"tile-{number}" for number in range(count)],
        [image for image, _, _ in drawn],
        [boxes.astype(np.float32) for _, boxes, _ in drawn],
    )


def features(count: int, width: int) -> np.ndarray:
    """Return features as a network pools them: none below 0, some dozens of directions, classes."""
    random = np.random.default_rng(0)
    latent = random.normal(size=(count, 24)) * np.linspace(1.0, 0.2, 24)
    latent += 2.5 * random.normal(size=(12, 24))[random.integers(0, 12, count)]
    spread = random.normal(size=(24, width)).astype(np.float32)
    values = latent.astype(np.float32) @ spread
    values += 0.3 * random.standard_normal(values.shape, dtype=np.float32)
    return np.maximum(values, 0)
