"""Shared by training loops: resumable checkpoints, seeds per step, optimisers, schedules."""

import dataclasses
import hashlib
import itertools
import json
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole
from cellpheno.core.randomness import derive

logger = logging.getLogger(__name__)

SCHEDULES = ("constant", "cosine", "steps")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """The keys of the config's sections `training` that detectors and classifiers share."""

    batch_size: int
    optimizer: str
    learning_rate: float
    weight_decay: float
    schedule: str
    warmup: int
    milestones: Sequence[int]
    betas: Sequence[float] = (0.9, 0.999)


def checkpoint_key(settings: Any, inputs: Iterable[str | Path]) -> str:
    """Return a name that changes with the settings, the code and the content of the inputs.

    `settings` holds everything that decides the training, including the code's hash. Inputs are
    files, and folders of files.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    named = [sorted(path.iterdir()) if path.is_dir() else [path] for path in map(Path, inputs)]
    for path in itertools.chain(*named):
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


class Checkpoint:
    """The state of a training that can be killed at any moment.

    Snakemake deletes the outputs of a failed job, so it lies next to them, under a name made by
    `checkpoint_key`: a training with other settings, code or data never resumes it.
    """

    def __init__(self, folder: str | Path, key: str) -> None:
        self.path = Path(folder) / f"{key}.pt"

    def load(self, **parts: Any) -> dict[str, Any]:
        """Restore parts (with `load_state_dict`) in place and return the progress, if any.

        Raises
        ------
        StudyError
            When the file is something else, damaged, or of other parts.
        """
        if not self.path.exists():
            return {}
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(state[name])
            progress = state["progress"]
        except Exception as error:  # a damaged file can make the unpickler raise anything
            raise StudyError(
                f"{self.path} is damaged or not a checkpoint of this training "
                f"({type(error).__name__}); delete it to start the training again."
            ) from error
        logger.info("continuing from %s", self.path)
        return progress

    def save(self, progress: dict[str, Any], **parts: Any) -> None:
        """Write the state of every part and `progress` (plain numbers, texts, lists)."""
        state = {name: part.state_dict() for name, part in parts.items()}
        with whole(self.path) as temporary:
            torch.save({**state, "progress": progress}, temporary)

    def remove(self) -> None:
        """Delete the state after the training's outputs are written."""
        self.path.unlink(missing_ok=True)


def seed_step(seed: int, step: int) -> None:
    """Seed torch for one step, so that a resumed training draws the same numbers."""
    torch.manual_seed(derive(seed, "step", step))


def build_optimizer(
    network: torch.nn.Module,
    settings: OptimizerSettings,
    undecayed: tuple[type[torch.nn.Module], ...] = (),
) -> torch.optim.Optimizer:
    """Return Adam (`adam`), AdamW (`adamw`), or SGD with the momentum 0.9 of A16 and A31 (`sgd`).

    It optimises parameters that require a gradient; those of layers of the types `undecayed` have
    no weight decay. Raises StudyError for another kind.
    """
    parameters: list[Any] = [p for p in network.parameters() if p.requires_grad]
    spared = {
        id(parameter)
        for module in network.modules()
        if isinstance(module, undecayed)
        for parameter in module.parameters(recurse=False)
    }
    if spared:
        parameters = [
            {"params": [p for p in parameters if id(p) not in spared]},
            {"params": [p for p in parameters if id(p) in spared], "weight_decay": 0.0},
        ]
    kind, betas = settings.optimizer, (settings.betas[0], settings.betas[1])
    # fused: one pass over memory, which saves a quarter of the time of an AdamW step on a CPU
    common: dict[str, Any] = {
        "lr": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "fused": True,
    }
    if kind == "sgd":
        return torch.optim.SGD(parameters, momentum=0.9, **common)
    if kind == "adamw":
        return torch.optim.AdamW(parameters, betas=betas, **common)
    if kind == "adam":
        return torch.optim.Adam(parameters, betas=betas, **common)
    raise StudyError(f"The optimizer {kind!r} is not known; use adam, adamw or sgd.")


def schedule(settings: OptimizerSettings, total: int) -> Callable[[int], float]:
    """Return the function from the step to the factor of the base learning rate.

    The kind is `constant`, `cosine` (to zero at `total`) or `steps` (a tenth after each milestone);
    the first `warmup` steps rise linearly from near zero. Raises StudyError for another kind.
    """
    kind, warmup, milestones = settings.schedule, settings.warmup, settings.milestones
    if kind not in SCHEDULES:
        raise StudyError(f"The schedule {kind!r} is not known; use one of {', '.join(SCHEDULES)}.")

    def factor(step: int) -> float:
        rise = min(1.0, (step + 1) / (warmup + 1))
        if kind == "cosine":
            done = max(0, step - warmup) / max(1, total - warmup)
            return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        if kind == "steps":
            return rise * 0.1 ** sum(step >= milestone for milestone in milestones)
        return rise

    return factor
