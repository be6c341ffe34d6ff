"""Data on its way to a GPU, which neither it nor the CPU waits for.

The next fields are read while the GPU works on this one. What is copied from ordinary memory is
copied after all that the GPU was asked for before; from pinned memory it fetches by itself.
"""

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

DEPTH = 2
"""Fields that wait, in memory that a GPU copies from by itself."""


def send(values: npt.NDArray | Tensor, device: torch.device) -> Tensor:
    """Return values on a device, without waiting for it."""
    tensor = torch.as_tensor(values)
    if device.type == "cpu" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def on_device(
    fields: Iterable[tuple[str, npt.NDArray[np.uint8]]], device: torch.device
) -> Iterator[tuple[str, npt.NDArray[np.uint8] | Tensor]]:
    """Yield named images in their order; on a GPU, where there is one.

    On a CPU they are passed through, so that one is in memory at a time.
    """
    if device.type == "cpu":
        yield from fields
        return
    pinned = ((name, torch.from_numpy(image).pin_memory()) for name, image in fields)
    for name, image in ahead(pinned):
        yield name, image.to(device, non_blocking=True)


def ahead(items: Iterable[Any], depth: int = DEPTH) -> Iterator[Any]:
    """Yield what another thread takes from `items`, up to `depth` of them beforehand.

    An error of `items` is raised here, in its place.
    """
    ready: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(depth)
    end, over = object(), threading.Event()

    def put(item: Any, error: BaseException | None = None) -> None:
        waiting = True
        while waiting and not over.is_set():
            with contextlib.suppress(queue.Full):
                ready.put((item, error), timeout=0.1)
                waiting = False

    def take() -> None:
        try:
            for item in items:
                put(item)
                if over.is_set():
                    return
            put(end)
        except BaseException as error:
            put(end, error)

    threading.Thread(target=take, daemon=True).start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        over.set()
