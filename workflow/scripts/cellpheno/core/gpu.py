"""Find and hold the GPUs of a job."""

import contextlib
import fcntl
import itertools
import logging
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellpheno.core.errors import StudyError
from cellpheno.core.job import RANK
from cellpheno.core.threads import fix_threads

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"


def granted_gpus(resources: Any) -> int:
    """Return the number of GPUs of the job: 0 with `--resources gpu=0`."""
    gpus = int(resources.get("gpu", 0) or 0)
    gres = str(resources.get("gres", ""))  # gpu, gpu:2, gpu:h200 or gpu:h200:2
    if not gpus and gres.split(":")[0] == "gpu":
        count = gres.split(":")[-1]
        gpus = int(count) if count.isdigit() else 1
    return gpus


@contextlib.contextmanager
def device(snakemake: Any) -> "Iterator[torch.device]":
    """Choose the device of a GPU rule and hold it until the block ends.

    `compute.device` is `auto` (a GPU if the job was granted one and the machine has one, else
    the CPU), `cuda` (a GPU or an error) or `cpu`. `--resources gpu=0` always means the CPU.

    Raises a StudyError when a GPU is available, or required, but torch cannot use it.
    """
    fix_threads(int(snakemake.config["compute"]["threads"]))
    wanted = snakemake.config["compute"]["device"]
    granted = granted_gpus(snakemake.resources)
    if wanted == "cpu" or not granted:
        yield _cpu(snakemake, f"device {wanted}, {granted} GPUs granted")
        return
    gpus = _visible_gpus()
    if not gpus and wanted == "auto":
        yield _cpu(snakemake, _no_gpu())
        return
    with contextlib.ExitStack() as stack:
        whole_machine = len(gpus) > granted or (gpus and VISIBLE not in os.environ)
        if whole_machine and RANK not in os.environ:
            name = f"cellpheno-gpu-{os.getuid()}"
            folder = Path(snakemake.resources.get("tmpdir", "/tmp"), name)
            held = stack.enter_context(gpu_lease(folder, gpus, granted))
            os.environ[VISIBLE] = ",".join(held)
        import torch

        if not torch.cuda.is_available():
            evidence = f"GPU {' or '.join(gpus)}" if gpus else f"compute.device: cuda, {_no_gpu()}"
            raise StudyError(
                f"A GPU was granted to this job ({evidence}), but torch {torch.__version__} "
                "cannot use it; install the CUDA build of torch and a matching driver, or run on "
                "the CPU with `--resources gpu=0`."
            )
        torch.set_num_threads(int(snakemake.config["compute"]["threads"]))
        logger.info("running on %s", torch.cuda.get_device_name())
        yield torch.device("cuda")


def memory_gib(device: "torch.device") -> float:
    """Return the memory of a GPU, 0 for the CPU."""
    import torch

    if device.type == "cpu":
        return 0.0
    return torch.cuda.get_device_properties(device).total_memory / 2**30


def _cpu(snakemake: Any, reason: str) -> "torch.device":
    import torch

    threads = int(snakemake.config["compute"]["threads"])
    torch.set_num_threads(threads)
    logger.info("running on the CPU with %d threads (%s)", threads, reason)
    return torch.device("cpu")


def _visible_gpus() -> list[str]:
    """Return CUDA's names of the GPUs that this job may use.

    Without CUDA_VISIBLE_DEVICES they are positions, not the numbers of the device files: in a
    container that sees only /dev/nvidia3, CUDA calls it 0.
    """
    if VISIBLE not in os.environ:
        return [str(position) for position in range(len(_device_files()))]
    names = (name.strip() for name in os.environ[VISIBLE].split(","))
    # CUDA also stops at the first invalid name; an empty list hides every GPU
    return list(itertools.takewhile(lambda name: name not in ("", "-1", "NoDevFiles"), names))


def _no_gpu() -> str:
    """Return why there is no GPU."""
    if VISIBLE in os.environ:
        return f"{VISIBLE}={os.environ[VISIBLE]!r} hides every GPU"
    return "no GPU on this machine"


def _device_files() -> list[Path]:
    return list(Path("/dev").glob("nvidia[0-9]*"))


@contextlib.contextmanager
def gpu_lease(
    folder: Path, devices: list[str], count: int = 1, poll_seconds: float = 1.0
) -> Iterator[list[str]]:
    """Hold `count` of `devices` until the block ends; the locks end with the process.

    Snakemake counts GPUs but does not assign them: without a lease all jobs of a machine would
    start on its first GPU. The folder must be on a local disk. A job that finds too few free
    GPUs releases those it has while it waits, so that two jobs never wait for each other; one
    that asks for more than there are gets all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = min(count, len(devices))
    while True:
        with contextlib.ExitStack() as locks:
            held: list[str] = []
            for name in devices:
                if len(held) < wanted and locks.enter_context(_locked(folder, name)):
                    held.append(name)
            if len(held) == wanted:
                yield held
                return
        # a random wait separates jobs that started together
        time.sleep(poll_seconds * random.uniform(0.5, 1.5))


@contextlib.contextmanager
def _locked(folder: Path, name: str) -> Iterator[bool]:
    """Hold the lock of a device until the block ends; yield whether it was free."""
    # the name of a MIG instance may contain slashes
    with (folder / f"{name.replace('/', '_')}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
