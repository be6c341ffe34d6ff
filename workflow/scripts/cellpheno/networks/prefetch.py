"""Read the next fields and copy them to the GPU while it works on this one.

Only from pinned memory does a GPU copy by itself; other copies wait for all of its work.
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
"""Fields that wait in pinned memory."""


def send(values: npt.NDArray[Any] | Tensor, device: torch.device) -> Tensor:
    """Return values on a device, without waiting for it."""
    tensor = torch.as_tensor(values)
    if device.type == "cpu" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def on_device(
    fields: Iterable[tuple[str, npt.NDArray[np.uint8]]], device: torch.device
) -> Iterator[tuple[str, npt.NDArray[np.uint8] | Tensor]]:
    """Yield named images in order, on the GPU if there is one, else one in memory at a time."""
    if device.type == "cpu":
        yield from fields
        return
    pinned = ((name, torch.from_numpy(image).pin_memory()) for name, image in fields)
    for name, image in ahead(pinned):
        yield name, image.to(device, non_blocking=True)


def ahead(items: Iterable[Any], depth: int = DEPTH) -> Iterator[Any]:
    """Yield the items, up to `depth` of which another thread prepares; errors are raised here."""
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
