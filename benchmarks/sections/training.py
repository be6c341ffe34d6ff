"""T1, T2: steps of a classifier's training."""

import copy
import dataclasses
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks import phantoms
from benchmarks.sections import Options
from benchmarks.sections.classification import precisions
from benchmarks.timing import Comparison, Times
from cellpheno.classification.sampling import draw
from cellpheno.classification.training import Trainer, TrainingSettings
from cellpheno.images.crops import Geometry, cut
from cellpheno.networks.backbones import Classifier, ModelSettings, build
from cellpheno.networks.training import schedule, seed_step

Step = Callable[[np.ndarray, int], torch.Tensor | float]
BLOCK = 10
"""Steps that are timed together on a GPU."""

CURVE = 0.02
"""By how much the mean losses of both may differ, over all trainings. Single trainings part more:
rounding alone sets two in float32 apart by as much, since each step starts from the last one."""
TRAININGS = 8
"""Trainings on a CPU, each from its own weights on its own batches. On a GPU one is enough: its
trainings are larger and lie closer together."""
GENTLE = dataclasses.replace(phantoms.TRAINING, learning_rate=0.0005)


class Pictures(Dataset):
    """Crops as PNG files, each read, turned and normalised when it is asked for."""

    def __init__(self, folder: str, labels: np.ndarray) -> None:
        self.folder, self.labels = folder, labels
        self.flips: dict[int, list[bool]] = {}

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: tuple[int, int]) -> tuple[torch.Tensor, int]:
        position, row = place
        picture = cv2.imread(f"{self.folder}/{row}.png")[..., ::-1]
        for axis, flipped in enumerate(self.flips[position]):
            if flipped:
                picture = np.flip(picture, axis)
        return torch.from_numpy(picture.transpose(2, 0, 1).copy()), int(self.labels[row])


class Stock:
    """A training loop as one writes it: float32, a file read for every crop of every step."""

    def __init__(self, model: Classifier, data: Pictures, total: int, device: torch.device) -> None:
        self.model, self.data, self.device = model.to(device).train(), data, device
        self.optimizer = torch.optim.AdamW(
            model.parameters(), GENTLE.learning_rate, weight_decay=GENTLE.weight_decay
        )
        factor = schedule(GENTLE, total)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, factor)

    def step(self, rows: np.ndarray, step: int) -> float:
        """Take one step and return its loss."""
        # the same flips as on the other side, which draws them for the whole batch
        flips = torch.stack([torch.rand(len(rows)) < 0.5 for _ in range(2)], dim=1).tolist()
        self.data.flips = dict(enumerate(flips))
        places = [list(enumerate(rows.tolist()))]
        loader = DataLoader(self.data, batch_sampler=places, generator=torch.Generator())
        images, labels = next(iter(loader))
        loss = functional.cross_entropy(self.model(images.to(self.device)), labels.to(self.device))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        return loss.item()


def run(options: Options) -> list[Comparison]:
    """Take steps of a stock loop and of ours in turn, on the same batches in the same flips."""
    cuda = options.device.type == "cuda"
    backbone, size, steps = ("convnext_base", 128, 60) if cuda else ("resnet18", 96, 40)
    if options.tiny:
        backbone, size, steps = "resnet18", 32, 2
    trainings = 1 if cuda or options.tiny else TRAININGS
    settings = dataclasses.replace(GENTLE, batch_size=64) if cuda else GENTLE
    kinds = {name: (name, False) for name in precisions(options)}
    if cuda:
        kinds = {"bfloat16": ("bfloat16", False), "bfloat16, compiled": ("bfloat16", True)}
    crops, labels = _crops(settings.batch_size * (2 if options.tiny else 20), size)
    settings = dataclasses.replace(
        settings, epochs=-(-steps // (len(crops) // settings.batch_size))
    )
    folder = options.folder / "training"
    folder.mkdir()
    for row, crop in enumerate(crops):
        cv2.imwrite(str(folder / f"{row}.png"), crop[..., ::-1])
    times = {name: Times() for name in ("reference", *kinds)}
    losses: dict[str, list[torch.Tensor | float]] = {name: [] for name in times}
    for seed in range(trainings):
        torch.manual_seed(seed)
        model = build(ModelSettings(backbone, dropout=0.25), len(phantoms.CLASSES))
        stock = Stock(model, Pictures(str(folder), labels), steps, options.device)
        ways: dict[str, Step] = {"reference": stock.step}
        for name, how in kinds.items():
            own = copy.deepcopy(model)
            ways[name] = _ours(own, crops, labels, settings, seed, options.device, *how)
        _in_turn(ways, labels, settings.batch_size, steps, seed, options, times, losses)
    curves = {name: np.array(list(map(float, each))) for name, each in losses.items()}
    found = []
    for precision in kinds:
        apart = (curves[precision] - curves["reference"]) / curves["reference"].mean()
        apart = apart.reshape(trainings, steps)
        relative = abs(float(apart.mean()))
        found.append(
            Comparison(
                row="T1" if cuda else "T2",
                what=(
                    f"a step of {settings.batch_size} crops of {size} px, {backbone}; losses of "
                    f"single steps differ by {np.abs(apart).mean():.1%}, mean losses of single "
                    f"trainings by {np.abs(apart.mean(axis=1)).mean():.1%}"
                ),
                reference="DataLoader over PNG files, float32",
                reference_ms=_median(times["reference"], cuda),
                ours=f"crops in memory, {'recorded, ' if cuda else ''}{precision}",
                ours_ms=_median(times[precision], cuda),
                goal=(10 if cuda else 1.6) if precision.startswith("bfloat16") else None,
                gate=f"mean loss of {trainings} x {steps} steps within {CURVE:.0%}",
                measured=relative,
                holds=relative <= CURVE,
                clock="elapsed, median of steps" if cuda else "CPU, median of steps",
            )
        )
    return found


def _ours(
    model: Classifier,
    crops: np.ndarray,
    labels: np.ndarray,
    settings: TrainingSettings,
    seed: int,
    device: torch.device,
    precision: str,
    compiled: bool,
) -> Step:
    everything = np.arange(len(crops)), np.arange(0)
    trainer = Trainer(
        model, crops, labels, everything, settings, seed, device, precision, compile=compiled
    )
    trainer.model.train()
    return lambda rows, step: trainer.train_step(rows, step)[0].mean()


def _crops(count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    geometry = Geometry(0.16, 0.12, size)
    pictures, classes, seed = [], [], 0
    while sum(map(len, classes)) < count:
        image, boxes, labels = phantoms.field(512, 640, 40, seed=seed)
        pictures.append(cut(image, boxes, geometry))
        classes.append(labels)
        seed += 1
    return np.concatenate(pictures)[:count], np.concatenate(classes)[:count]


def _in_turn(
    ways: dict[str, Callable[[np.ndarray], float]],
    labels: np.ndarray,
    size: int,
    steps: int,
    seed: int,
    options: Options,
    times: dict[str, Times],
    losses: dict[str, list[torch.Tensor | float]],
) -> None:
    """Take the steps of one training in every way, turn by turn; append to `times` and `losses`."""
    per_epoch = len(labels) // size
    # a GPU is not to wait for the CPU after each step, and does not in a training
    together = BLOCK if options.device.type == "cuda" else 1
    for start in range(0, steps, together):
        batches = []
        for step in range(start, min(start + together, steps)):
            epoch, place = divmod(step, per_epoch)
            rows = draw(labels, False, seed, epoch)[place * size : (place + 1) * size]
            batches.append((rows, step))
        for name, way in ways.items():
            options.wait()
            began = time.perf_counter(), time.process_time()
            for rows, step in batches:
                seed_step(seed, step)
                losses[name].append(way(rows, step))
            options.wait()
            times[name].wall.append((time.perf_counter() - began[0]) / len(batches))
            times[name].cpu.append((time.process_time() - began[1]) / len(batches))


def _median(times: Times, cuda: bool) -> float:
    return float(np.median(times.wall if cuda else times.cpu)) * 1e3
