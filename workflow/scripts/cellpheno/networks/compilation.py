"""Networks compiled to kernels of their own: the config's `compute.compile`.

The compiler joins what lies between convolutions and matrix products into few passes over memory.
It takes a minute or two for a large network, and draws other random numbers than torch does. `auto`
is for trainings on a GPU that are long enough to win that minute back. Inference needs none of it:
layers are merged there beforehand (see `folding.merge`), which was measured to be faster.
"""

import logging
from collections.abc import Callable
from typing import Any

import torch

logger = logging.getLogger(__name__)

LONG = 10_000
"""Steps from which on compiling pays: ConvNeXt-B on an H200 takes 56 s and saves 8 ms a step."""


def wanted(setting: str | bool, device: torch.device, steps: int) -> bool:
    """Return whether a training of so many steps is to be compiled.

    Parameters
    ----------
    setting
        `auto` (see above), True or False.
    device
        Where it computes.
    steps
        In all.
    """
    if setting == "auto":
        return device.type == "cuda" and steps >= LONG
    return bool(setting)


class Compiled:
    """A function of tensors of fixed shapes, compiled when it is first called.

    Where that cannot be done (no C compiler, a network that the compiler does not know) the log
    says so, and the function is called as it is.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.compiled: Callable[..., Any] | None = torch.compile(function, dynamic=False)
        self.tried = False

    def __call__(self, *inputs: Any) -> Any:
        """Return what the function makes of the inputs."""
        if self.compiled is None:
            return self.function(*inputs)
        if self.tried:
            return self.compiled(*inputs)
        self.tried = True
        logger.info("compiling the network")
        try:
            return self.compiled(*inputs)
        except Exception as error:  # whatever the compiler stumbles over
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            logger.warning("the network is not compiled: %s", reason)
            self.compiled = None
            return self.function(*inputs)
