"""Record work on a GPU once and replay it: CUDA graphs.

For a network that sees one image, a GPU waits for Python longer than it computes; a recording
starts all kernels at once. It is valid for the shapes and addresses it was made with, so the
recorded work must not depend on the values of its inputs.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

WARM_UP = 3
"""Runs before a recording, in which libraries choose algorithms and allocate memory."""


class Recorded:
    """A function of tensors on a GPU, recorded for each set of shapes it is called with.

    On a CPU, and beyond `most` sets of shapes (each recording holds the memory of its intermediate
    results), the function is called directly. It returns a tensor or nested tuples and lists of
    tensors, which the next call with the same shapes overwrites. The first `in_place` inputs are
    read without a copy: the output of another recording is always at the same address. `changed`
    lists tensors that the function changes in place, such as running means, because the trial runs
    before a recording must be undone.
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
        self._made: dict[tuple[Any, ...], tuple[torch.cuda.CUDAGraph, list[Tensor], Any]] = {}

    def __call__(self, *inputs: Tensor) -> Any:
        """Return the function's result."""
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
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                torch.clear_autocast_cache()  # so that the recording includes the conversions
                self.function(*held)
        torch.cuda.current_stream().wait_stream(stream)
        torch.clear_autocast_cache()
        graph = torch.cuda.CUDAGraph()
        # other threads may keep reading files into pinned memory meanwhile
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            outputs = self.function(*held)
        torch.clear_autocast_cache()
        torch.cuda.set_rng_state(chance)
        for each, value in zip(self.changed, before, strict=True):
            each.copy_(value)
        return graph, held, outputs
