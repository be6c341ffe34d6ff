"""Compile networks for long trainings on a GPU: the config's `compute.compile`.

The compiler merges the steps between convolutions and matrix products into few passes over memory.
It takes a minute or two for a large network, and draws other random numbers than torch does. `auto`
compiles only trainings on a GPU that are long enough to save that time. Inference does not compile:
merging its layers beforehand (`batch_norm_folding.merge`) was measured to be faster.
"""

import logging
from collections.abc import Callable
from typing import Any

import torch

logger = logging.getLogger(__name__)

LONG = 10_000
"""Steps from which compiling pays: ConvNeXt-B on an H200 takes 56 s and saves 8 ms a step."""


def wanted(setting: str | bool, device: torch.device, steps: int) -> bool:
    """Return whether to compile a training of this many steps; `setting` is `auto` or a bool."""
    if setting == "auto":
        return device.type == "cuda" and steps >= LONG
    return bool(setting)


class Compiled:
    """A function of tensors of fixed shapes, compiled when it is first called.

    If compiling fails (no C compiler, an unsupported network), the log says so and the function
    runs uncompiled.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.compiled: Callable[..., Any] | None = torch.compile(function, dynamic=False)
        self.tried = False

    def __call__(self, *inputs: Any) -> Any:
        """Return the function's result."""
        if self.compiled is None:
            return self.function(*inputs)
        if self.tried:
            return self.compiled(*inputs)
        self.tried = True
        logger.info("compiling the network")
        try:
            return self.compiled(*inputs)
        except Exception as error:  # the compiler can fail in any way
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            logger.warning("the network is not compiled: %s", reason)
            self.compiled = None
            return self.function(*inputs)
