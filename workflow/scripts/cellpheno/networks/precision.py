"""Choose the floating-point format in which networks compute: the config's `compute.precision`.

All CPUs compute float32 alike, up to the last digits. bfloat16 keeps 8 of float32's 24 bits: it is
two to six times as fast on processors that support it, and changes the second or third digit of a
probability. `auto` is bfloat16 on a GPU and float32 on a CPU, because one cluster often has CPUs
with and without it, and a table should not depend on which of them a job got.
"""

import contextlib
import logging
from collections.abc import Iterator
from typing import TypeVar

import torch
from torch import nn

logger = logging.getLogger(__name__)

Network = TypeVar("Network", bound=nn.Module)


def native_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 itself (AVX512-BF16 or AMX)."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def channels_last(network: Network) -> Network:
    """Change a network in place to the order of numbers in which convolutions are fastest."""
    # torch's types lack this argument
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def dtype(wanted: str, device: torch.device) -> torch.dtype:
    """Return the format for a device; `wanted` is `auto`, `float32` or `bfloat16`."""
    chosen = wanted == "bfloat16" or (wanted == "auto" and device.type == "cuda")
    return torch.bfloat16 if chosen else torch.float32


def log_choice(wanted: str, device: torch.device) -> None:
    """Log the choice and whether another one would be faster on this machine."""
    if device.type != "cpu":
        logger.info("networks compute in %s", dtype(wanted, device))
    elif wanted == "bfloat16" and not native_bfloat16():
        logger.warning("this CPU has no bfloat16: compute.precision float32 would be faster")
    elif wanted == "auto" and native_bfloat16():
        logger.info("networks compute in float32; compute.precision bfloat16 would be faster here")


@contextlib.contextmanager
def computing(wanted: str, device: torch.device) -> Iterator[None]:
    """Compute reproducibly in the format of `dtype` within the block; weights stay in float32.

    For training, and wherever gradients are kept. `float32` on a GPU excludes TF32.
    """
    exact = wanted == "float32"
    low = dtype(wanted, device) is torch.bfloat16
    with (
        torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=not exact
        ),
        torch.autocast(device.type, dtype=torch.bfloat16, enabled=low),
    ):
        yield
