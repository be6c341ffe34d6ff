"""Take the time of a few training steps, to say how long the whole will take on this machine."""

import dataclasses
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cellpheno.classification import training_cells
from cellpheno.classification.training import Trainer, TrainingSettings
from cellpheno.detection import training
from cellpheno.detection.coco import TileSet
from cellpheno.networks.backbones import ModelSettings, build, input_statistics
from cellpheno.networks.training import Checkpoint
from cellpheno.planning.choices import Facts
from cellpheno.study import inputs, named_weights
from cellpheno.study.overrides import Config

TIMED = 2
"""Steps, after a first one that is not counted."""


@dataclasses.dataclass
class Cost:
    """What a training will need."""

    what: str
    minutes: float
    memory_gib: float
    """Most that this process has held until then."""

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.what}: about {self.minutes:.0f} min of training on this machine, "
            f"{self.memory_gib:.1f} GiB"
        )


def detector(config: Config, name: str, facts: Facts, device: torch.device) -> Cost:
    """Estimate the training of a detector from steps on noise of the size of its tiles."""
    settings, tiles = config["detectors"][name], config["tiles"]
    network = named_weights.resolved(settings["model"], config["study"])
    height = max(32, round(facts["height of the largest field"] / tiles["rows"]))
    width = max(32, round(facts["width of the largest field"] / tiles["columns"]))
    side = facts["side of a cell, median"]
    number = max(1, round(facts["cells in a typical field"] / tiles["rows"] / tiles["columns"]))
    channels = inputs.channels(config, settings["input"])
    chance = np.random.default_rng(0)
    size = settings["training"]["batch_size"]
    images = chance.integers(0, 255, (size, height, width, len(channels)), np.uint8)
    corners = chance.uniform(0, [max(1, width - side), max(1, height - side)], (size, number, 2))
    boxes = np.concatenate([corners, corners + side], axis=2).astype(np.float32)
    shown = TileSet([str(row) for row in range(size)], list(images), list(boxes))
    none = TileSet([], [], [])

    def take(steps: int) -> None:
        given = training.Settings(**{**settings["training"], "steps": steps})
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Checkpoint(Path(folder), "")
            training.train(shown, none, channels, network, given, 0, checkpoint, device)

    seconds = _seconds_per_step(take)
    return _cost(f"detector {name}", seconds * settings["training"]["steps"], device)


def classifier(
    config: Config, name: str, facts: Facts, classes: Sequence[str], device: torch.device
) -> Cost:
    """Estimate the training of a classifier from steps on noise of the size of its crops."""
    settings = config["experiments"][name]
    _, given = training_cells.of_training(settings["training"])
    training = TrainingSettings(**given)
    channels = inputs.channels(config, settings["input"])
    chance, side = np.random.default_rng(0), settings["crops"]["size"]
    number = training.batch_size * (TIMED + 1)
    crops = chance.integers(0, 255, (number, side, side, len(channels)), np.uint8)
    labels = np.arange(number) % len(classes)
    model = ModelSettings(**named_weights.resolved(settings["model"], config["study"]))
    statistics = input_statistics(model, len(channels), lambda: ([0.5] * len(channels),) * 2)
    rows = np.arange(number), np.zeros(0, np.int64)

    def take(steps: int) -> None:
        network = build(model, len(classes), *statistics)
        short = dataclasses.replace(training, steps=steps, epochs=1)
        Trainer(network, crops, labels, rows, short, 0, device).train_epoch(0)

    steps = training.steps or training.epochs * max(
        1, int(facts["cells for training"]) // training.batch_size
    )
    return _cost(f"classifier {name}", _seconds_per_step(take) * steps, device)


def _seconds_per_step(take: Callable[[int], Any]) -> float:
    times = []
    for steps in (1, 1, 1 + TIMED):
        started = time.perf_counter()
        take(steps)
        times.append(time.perf_counter() - started)
    return max(0.0, times[2] - times[1]) / TIMED


def _cost(what: str, seconds: float, device: torch.device) -> Cost:
    if device.type == "cuda":
        memory = torch.cuda.max_memory_allocated() / 2**30
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Cost(what, seconds / 60, memory)
