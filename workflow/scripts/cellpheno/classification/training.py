"""Train a classifier on crops in memory."""

import dataclasses
import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch.nn import functional

from cellpheno.classification import augmentation
from cellpheno.classification.sampling import augment, draw_enough
from cellpheno.core.progress import track
from cellpheno.networks import compilation, multi_gpu
from cellpheno.networks.backbones import Classifier, to_tensor
from cellpheno.networks.cuda_graphs import Recorded
from cellpheno.networks.precision import channels_last, computing
from cellpheno.networks.prefetch import send
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

Crops = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

EVALUATION_BATCH = 256
"""Crops in a batch that needs no gradients."""
HELD_SHARE = 0.3
"""Share of a GPU's free memory up to which all crops are kept there."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingSettings(OptimizerSettings):
    """The keys of the config's `classification/training`."""

    validation: str
    epochs: int
    label_smoothing: float
    balance: bool
    flips: bool
    quarter_turns: bool
    steps: int | None = None
    keep: str = "last"
    criterion: str = "balanced_accuracy"
    rotation: dict[str, Any] = dataclasses.field(default_factory=dict)
    blur: dict[str, Any] = dataclasses.field(default_factory=dict)
    brightness: dict[str, Any] = dataclasses.field(default_factory=dict)


class Best:
    """The weights of the epoch with the best score on validation crops (C27)."""

    def __init__(self) -> None:
        self.epoch, self.score = 0, -np.inf
        self.weights: dict[str, torch.Tensor] = {}

    def offer(self, epoch: int, score: float, network: torch.nn.Module) -> None:
        """Keep the weights if they are better than those of all earlier epochs."""
        if score > self.score:
            self.epoch, self.score = epoch, score
            self.weights = {key: value.cpu().clone() for key, value in network.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes, for a checkpoint."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the attributes from a checkpoint."""
        vars(self).update(state)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Annotated class, called class and loss [n] of some crops."""

    labels: Integers
    called: Integers
    losses: npt.NDArray[np.float64]


def score(outcome: Outcome, criterion: str) -> float:
    """Return a score of at least one crop's outcome; higher is better.

    `accuracy` is the share of right calls; `balanced_accuracy` its mean over the annotated classes,
    rare or frequent; `loss` the negative mean loss.
    """
    if criterion == "loss":
        return -float(outcome.losses.mean())
    right = outcome.labels == outcome.called
    if criterion == "accuracy":
        return float(right.mean())
    return float(np.mean([right[outcome.labels == each].mean() for each in set(outcome.labels)]))


def accuracies(
    outcome: Outcome, classes: list[str], groups: dict[str, list[str]]
) -> dict[str, float]:
    """Return the accuracy over all cells (`all`), within each class and for each group (A40).

    A group's accuracy is that of "in the group or not", the paper's integrated accuracy (A12). It
    is NaN without cells.
    """
    right = outcome.labels == outcome.called
    parts = {"all": right}
    parts |= {name: right[outcome.labels == index] for index, name in enumerate(classes)}
    for name, members in groups.items():
        inside = np.isin(classes, members)
        parts[name] = inside[outcome.labels] == inside[outcome.called]
    return {name: float(part.mean()) if len(part) else np.nan for name, part in parts.items()}


class Trainer:
    """A classifier in training on crops [n, S, S, channels] of the classes `labels` [n].

    `rows` are those of training and validation (see `sampling.divide`); `seed` decides the order of
    the crops, the augmentation and the dropout. Weights are float32 in every `precision`. An epoch
    makes `passes` over the training crops: with 1 / share, a training on a share of them takes as
    many steps as one on all (C26, C43). `seconds` counts the training's time, including earlier
    attempts that it resumed.
    """

    def __init__(
        self,
        model: Classifier,
        crops: Crops,
        labels: Integers,
        rows: tuple[Integers, Integers],
        settings: TrainingSettings,
        seed: int,
        device: torch.device,
        precision: str = "auto",
        passes: float = 1.0,
        compile: str | bool = False,
    ) -> None:
        self.precision = precision
        self.seconds = 0.0
        model = channels_last(model.to(device))
        self.model = (
            model if model.settings.frozen_batch_norm else multi_gpu.share_batch_norm(model)
        )
        self.crops, self.labels, (self.train_rows, self.val_rows) = crops, labels, rows
        self.settings, self.seed, self.device = settings, seed, device
        self.held = _held(crops, device)
        # batch norm would suffer from a rest smaller than a batch, which is skipped
        self.steps = max(1, int(passes * len(self.train_rows)) // settings.batch_size)
        self.optimizer = build_optimizer(self.model, settings)
        self.learned = [each for each in self.model.parameters() if each.requires_grad]
        self.total = settings.steps or self.steps * settings.epochs
        self.epochs = -(-self.total // self.steps)
        factor = schedule(settings, self.total)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, factor)
        self.logits: Callable[..., Any] = self.model.training_logits
        self.gradients: Callable[..., Any] = self._gradients
        if multi_gpu.size() == 1:
            if compilation.wanted(compile, device, self.total):
                self.logits = compilation.Compiled(self.logits)
            self.gradients = Recorded(self._gradients, most=1, changed=self.model.buffers())

    def run(
        self,
        classes: list[str],
        groups: dict[str, list[str]],
        checkpoint: Checkpoint,
        save_every: float = 30.0,
    ) -> pd.DataFrame:
        """Train the remaining epochs and return the history table; a step is an epoch.

        Training values are those of the augmented batches during the epoch, validation values those
        of the plain crops after it. The checkpoint's folder also has a `history.tsv` to watch;
        states, a few times the size of the model, are saved at least `save_every` seconds apart.
        """
        best = Best()
        parts = {"model": self.model, "optimizer": self.optimizer, "scheduler": self.scheduler}
        if self.settings.keep == "best":
            parts["best"] = best
        progress = checkpoint.load(**parts) or {"epochs": 0, "history": [], "seconds": 0.0}
        done, history = progress["epochs"], progress["history"]
        self.seconds = earlier = progress["seconds"]
        started = saved = time.monotonic()
        for epoch in track(range(done, self.epochs), "epochs", self.epochs, start=done):
            outcomes = {"train": self.train_epoch(epoch), "val": self.evaluate(self.val_rows)}
            for split, outcome in outcomes.items():
                if len(outcome.labels):
                    shares = accuracies(outcome, classes, groups)
                    history.append([epoch + 1, split, "all", "loss", float(outcome.losses.mean())])
                    history += [[epoch + 1, split, k, "accuracy", v] for k, v in shares.items()]
            if self.settings.keep == "best" and len(self.val_rows):
                found = score(outcomes["val"], self.settings.criterion)
                best.offer(epoch + 1, found, self.model)
            if multi_gpu.rank():  # the first process writes for all
                continue
            watched = checkpoint.path.with_name("history.tsv")  # small
            storage.write(_history(history), watched, HISTORY)
            self.seconds = earlier + time.monotonic() - started
            if time.monotonic() - saved >= save_every:
                state = {"epochs": epoch + 1, "history": history, "seconds": self.seconds}
                checkpoint.save(state, **parts)
                saved = time.monotonic()
        if best.weights:
            what = self.settings.criterion.replace("_", " ")
            logger.info("epoch %d is kept, %s %.3f on val", best.epoch, what, abs(best.score))
            self.model.load_state_dict(best.weights)
        return _history(history)

    def train_epoch(self, epoch: int) -> Outcome:
        """Train on an epoch's batches and return their outcome; the last one may end early."""
        steps = min(self.steps, self.total - epoch * self.steps)
        size, labels = self.settings.batch_size, self.labels[self.train_rows]
        # fewer if there are not enough for a batch
        size = min(size, len(labels))
        order = draw_enough(labels, self.settings.balance, self.seed, epoch, size * self.steps)
        batches = [self.train_rows[order[step * size : (step + 1) * size]] for step in range(steps)]
        self.model.train()
        losses, called = [], []
        for step, rows in enumerate(batches):
            number = epoch * self.steps + step
            seed_step(self.seed, number)
            loss, classes = self.train_step(rows, number)
            losses.append(loss)
            called.append(classes)
        seen = self.labels[np.concatenate(batches)]
        return Outcome(seen, _numbers(called), _numbers(losses).astype(np.float64))

    def train_step(self, rows: Integers, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Take one optimiser step and return the loss and the called class of each crop."""
        targets = send(multi_gpu.share(torch.from_numpy(self.labels[rows])), self.device)
        images = self.images(rows)
        images = augment(images, self.settings.flips, self.settings.quarter_turns)
        images = augmentation.change(images, self.settings)
        images = multi_gpu.share(images)
        multi_gpu.seed_apart(self.seed, step)
        with computing(self.precision, self.device):
            losses, called, gradients = self.gradients(images, targets)
            for parameter, gradient in zip(self.learned, gradients, strict=True):
                parameter.grad = gradient
            multi_gpu.average_gradients(self.model)
            self.optimizer.step()
            self.scheduler.step()
        return multi_gpu.whole(losses.clone()), multi_gpu.whole(called.clone())

    def images(self, rows: Integers) -> torch.Tensor:
        """Return some crops as images [n, C, S, S] on the device."""
        if self.held is None:
            return to_tensor(self.crops[rows], self.device)
        return to_tensor(self.held[send(rows, self.device)], self.device)

    def _gradients(
        self, images: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor | None]]:
        """Return the loss and the called class of each crop, and the gradient of each parameter."""
        self.optimizer.zero_grad(set_to_none=True)
        logits, second = self.logits(images)
        losses = self.loss(logits, targets)
        if second is not None:
            losses = losses + self.model.settings.auxiliary_loss * self.loss(second, targets)
        losses.mean().backward()
        return losses.detach(), logits.argmax(1), [each.grad for each in self.learned]

    def loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of each crop, [N]."""
        return functional.cross_entropy(
            logits.float(),
            targets,
            label_smoothing=self.settings.label_smoothing,
            reduction="none",
        )

    @torch.inference_mode()
    def evaluate(self, rows: Integers) -> Outcome:
        """Return the outcome of plain crops."""
        self.model.eval()
        losses, called = [], []
        for start in range(0, len(rows), EVALUATION_BATCH):
            batch = rows[start : start + EVALUATION_BATCH]
            targets = torch.from_numpy(self.labels[batch]).to(self.device)
            with computing(self.precision, self.device):
                logits = self.model(self.images(batch)).float()
            losses.append(functional.cross_entropy(logits, targets, reduction="none"))
            called.append(logits.argmax(1))
        return Outcome(self.labels[rows], _numbers(called), _numbers(losses).astype(np.float64))


def _history(rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[column.name for column in HISTORY.columns])


def _held(crops: Crops, device: torch.device) -> torch.Tensor | None:
    """Return all crops in the memory of a GPU, if they are few enough."""
    if device.type != "cuda" or crops.nbytes > HELD_SHARE * torch.cuda.mem_get_info(device)[0]:
        return None
    held = torch.empty(crops.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(crops), EVALUATION_BATCH):  # crops may be on disk
        part = slice(start, start + EVALUATION_BATCH)
        held[part] = send(np.array(crops[part]), device)
    return held


def _numbers(batches: list[torch.Tensor]) -> npt.NDArray[Any]:
    """Join numbers from the device in one transfer."""
    return torch.cat(batches).cpu().numpy() if batches else np.empty(0, dtype=np.int64)
