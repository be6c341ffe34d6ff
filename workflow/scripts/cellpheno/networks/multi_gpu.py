"""Train on several GPUs with one process for each; all share every batch.

Every process draws the whole batch and its augmentation, computes its own part, and averages its
gradients with those of the others. So batch size, learning rate and number of steps stay those of
one process, and all processes hold the same weights. Each further process is another run of the
calling script, as with torchrun, but nothing listens beyond this machine: the processes meet
through a file and communicate over loopback or the GPUs' own links.

Outside of `team` there is one process, and every function returns its argument unchanged.
"""

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

from cellpheno.core.errors import StudyError
from cellpheno.core.job import RANK
from cellpheno.core.randomness import derive
from cellpheno.networks.precision import Network

logger = logging.getLogger(__name__)

Batch = TypeVar("Batch", Tensor, list[Tensor])

MEETING = "CELLPHENO_TEAM_FILE"
GRACE = 5.0
"""Seconds that a process has to report its own error after another one has failed."""
# a process may have to wait while another validates or writes a checkpoint
TIMEOUT = timedelta(hours=2)


def rank() -> int:
    """Return the number of this process: 0 is the one that writes."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def size() -> int:
    """Return how many processes share a batch."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


@contextlib.contextmanager
def team(device: torch.device, members: int | None = None) -> Iterator[torch.device]:
    """Run the block in several processes and yield each one's device; only the first continues.

    The others are started as copies of the calling script and end with the block. When one fails or
    is killed, all end, so that none waits for ever. The default is one process for each GPU of the
    job.
    """
    if members is None:
        members = torch.cuda.device_count() if device.type == "cuda" else 1
    if members == 1:
        yield device
        return
    with contextlib.ExitStack() as stack:
        number = int(os.environ.get(RANK, 0))
        meeting = os.environ.get(MEETING)
        if meeting is None:
            meeting = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "meeting")
            stack.enter_context(_copies(members, meeting))
        else:
            _end_with(os.getppid())
        if device.type == "cuda":
            device = torch.device("cuda", number)
            torch.cuda.set_device(device)
        os.environ.update(GLOO_SOCKET_IFNAME="lo", NCCL_SOCKET_IFNAME="lo")  # this machine only
        distributed.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            init_method=f"file://{meeting}",
            rank=number,
            world_size=members,
            timeout=TIMEOUT,
        )
        logger.info("process %d of %d on %s", number + 1, members, device)
        yield device
        distributed.destroy_process_group()
    if number:
        raise SystemExit(0)


@contextlib.contextmanager
def _copies(members: int, meeting: str) -> Iterator[None]:
    """Run copies of this script during the block, and end this process when one fails."""
    copies = [
        subprocess.Popen(
            [sys.executable, *sys.argv], env={**os.environ, MEETING: meeting, RANK: str(number)}
        )
        for number in range(1, members)
    ]

    def watch() -> None:
        while not any(copy.poll() for copy in copies):
            if all(copy.poll() == 0 for copy in copies):
                return
            time.sleep(0.2)
        time.sleep(GRACE)
        logger.error("another process of this training has failed, so this one ends too")
        _kill(copies)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except BaseException:
        _kill(copies)
        raise
    for copy in copies:
        copy.wait()


def _kill(copies: list[subprocess.Popen[bytes]]) -> None:
    for copy in copies:
        copy.kill()


def _end_with(parent: int) -> None:
    """End this process when the process that started it has ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def share(batch: Batch) -> Batch:
    """Return this process's part of a batch; raise StudyError if it cannot be divided evenly."""
    if len(batch) % size():
        raise StudyError(
            f"A batch of {len(batch)} cannot be divided evenly among {size()} GPUs; make "
            "compute/gpus_per_training a divisor of the batch size."
        )
    part = len(batch) // size()
    return batch[rank() * part : (rank() + 1) * part]


def seed_apart(seed: int, step: int) -> None:
    """Let each process draw its own random numbers from here on, such as those of the dropout."""
    if size() > 1:
        torch.manual_seed(derive(seed, "step", step, "process", rank()))


def mean(values: Tensor) -> Tensor:
    """Return the mean over the processes, each of which computed its part of a batch."""
    if size() == 1:
        return values
    values = values.detach().clone()
    distributed.all_reduce(values)
    return values / size()


def whole(part: Tensor) -> Tensor:
    """Join the processes' parts of a batch in its order, on the part's device."""
    if size() == 1:
        return part
    parts = [torch.empty_like(part) for _ in range(size())]
    distributed.all_gather(parts, part.contiguous())
    return torch.cat(parts)


def average_gradients(network: nn.Module) -> None:
    """Replace each process's gradients by their mean: the gradient of the whole batch's loss."""
    if size() == 1:
        return
    gradients = []
    for parameter in network.parameters():
        if parameter.requires_grad:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
    joined = torch.cat([each.flatten() for each in gradients])
    distributed.all_reduce(joined)
    joined /= size()
    means = joined.split([each.numel() for each in gradients])
    for gradient, averaged in zip(gradients, means, strict=True):
        gradient.copy_(averaged.view_as(gradient))


def share_batch_norm(network: Network) -> Network:
    """Let batch normalisation see the whole batch, as the published SyncBN does (A14).

    The network is changed in place; names and shapes of its state stay the same.
    """
    if size() == 1:
        return network
    if any(parameter.is_cuda for parameter in network.parameters()):
        return nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = _SharedBatchNorm
    return network


class _SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over all processes on CPUs; torch's own works on GPUs only."""

    momentum: float
    num_batches_tracked: Tensor
    running_mean: Tensor
    running_var: Tensor

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        exact = x.double()
        count = x.numel() // x.shape[1] * size()
        total = _Sum.apply(exact.sum((0, 2, 3)))  # type: ignore[no-untyped-call]
        centre = (total / count).view(1, -1, 1, 1)
        squares = (exact - centre).square().sum((0, 2, 3))
        spread = _Sum.apply(squares)  # type: ignore[no-untyped-call]
        if self.track_running_stats:
            self.num_batches_tracked += 1
            share_of_new = self.momentum
            self.running_mean.lerp_((total.detach() / count).float(), share_of_new)
            self.running_var.lerp_((spread.detach() / (count - 1)).float(), share_of_new)
        scaled = (exact - centre) / (spread / count + self.eps).sqrt().view(1, -1, 1, 1)
        return scaled.to(x.dtype) * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


class _Sum(torch.autograd.Function):
    """The sum over all processes; each receives the gradient."""

    @staticmethod
    def forward(context: object, values: Tensor) -> Tensor:
        values = values.clone()
        distributed.all_reduce(values)
        return values

    @staticmethod
    def backward(context: object, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        distributed.all_reduce(gradient)
        return gradient
