"""In which floating-point numbers networks compute: the config's `compute.precision`.

float32 is what every CPU computes alike, up to the last digits. bfloat16 keeps 8 of float32's 24
bits: two to six times as fast on processors that have it, and it moves the second or third digit
of a probability. `auto` is bfloat16 on a GPU and float32 on a CPU, because CPUs with and without it
are often neighbours in one cluster, and a table should not depend on which of them a job was given.
"""

import contextlib
import logging
from collections.abc import Iterator

import torch

logger = logging.getLogger(__name__)


def native_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 itself (AVX512-BF16 or AMX)."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def dtype(wanted: str, device: torch.device) -> torch.dtype:
    """Return the numbers in which networks compute on a device.

    Parameters
    ----------
    wanted
        `auto` (see above), `float32` or `bfloat16`.
    device
        Where networks compute.
    """
    chosen = wanted == "bfloat16" or (wanted == "auto" and device.type == "cuda")
    return torch.bfloat16 if chosen else torch.float32


def tell(wanted: str, device: torch.device) -> None:
    """Write to the log what the choice means on this machine."""
    if device.type != "cpu":
        logger.info("networks compute in %s", dtype(wanted, device))
    elif wanted == "bfloat16" and not native_bfloat16():
        logger.warning("this CPU has no bfloat16: compute.precision float32 would be faster")
    elif wanted == "auto" and native_bfloat16():
        logger.info("networks compute in float32; compute.precision bfloat16 would be faster here")


@contextlib.contextmanager
def computing(wanted: str, device: torch.device) -> Iterator[None]:
    """Compute within the block in the numbers of `dtype`, reproducibly.

    Weights stay in float32: for training, and wherever gradients are kept. `float32` on a GPU is
    all of float32, not the shortened TF32.
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
