"""Work on a GPU recorded once and replayed: CUDA graphs.

Between two kernels of a network that is given one image, a GPU waits for Python longer than it
computes. A recording starts all of them at once. It holds for the shapes and the addresses that it
was made with, so that what is recorded may not depend on the values of its inputs.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

WARM_UP = 3
"""Runs before a recording, in which libraries choose and allocate."""


class Recorded:
    """A function of tensors on a GPU, recorded for each set of shapes it is called with.

    On a CPU, and beyond `most` sets of shapes, the function is called as it is.

    Parameters
    ----------
    function
        Of tensors, to a tensor or nested tuples and lists of tensors. What it gives is
        overwritten by the next call with the same shapes: use or copy it before.
    in_place
        How many of the first inputs are read where they lie, without a copy: what another
        recording gives always lies at the same address.
    most
        Recordings that are kept; each holds the memory of its intermediate results.
    changed
        Tensors that the function changes beside what it returns, such as running means. To record
        it takes a few runs that count for nothing: they are undone.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        in_place: int = 0,
        most: int = 8,
        changed: Iterable[Tensor] = (),
    ) -> None:
        self.function, self.in_place, self.most = function, in_place, most
        self.changed = list(changed)
        self._made: dict[tuple, tuple[torch.cuda.CUDAGraph, list[Tensor], Any]] = {}

    def __call__(self, *inputs: Tensor) -> Any:
        """Return what the function makes of the inputs."""
        if not inputs[-1].is_cuda:
            return self.function(*inputs)
        fixed = tuple(each.data_ptr() for each in inputs[: self.in_place])
        key = (fixed, *((each.shape, each.stride(), each.dtype) for each in inputs))
        if key not in self._made:
            if len(self._made) >= self.most:
                return self.function(*inputs)
            self._made[key] = self._record(inputs)
        graph, held, outputs = self._made[key]
        for mine, given in zip(held[self.in_place :], inputs[self.in_place :], strict=True):
            mine.copy_(given)
        graph.replay()
        return outputs

    def _record(self, inputs: tuple[Tensor, ...]) -> tuple[torch.cuda.CUDAGraph, list[Tensor], Any]:
        held = [*inputs[: self.in_place], *(each.clone() for each in inputs[self.in_place :])]
        before = [each.clone() for each in self.changed]
        chance = torch.cuda.get_rng_state()
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                torch.clear_autocast_cache()  # weights are to be converted within the recording
                self.function(*held)
        torch.cuda.current_stream().wait_stream(beside)
        torch.clear_autocast_cache()
        graph = torch.cuda.CUDAGraph()
        # another thread may go on reading files into pinned memory meanwhile
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            outputs = self.function(*held)
        torch.clear_autocast_cache()
        torch.cuda.set_rng_state(chance)
        for each, value in zip(self.changed, before, strict=True):
            each.copy_(value)
        return graph, held, outputs
