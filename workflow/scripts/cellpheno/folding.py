"""Networks made ready for inference: batch norms folded into convolutions, weights in bfloat16."""

import copy
import logging
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

logger = logging.getLogger(__name__)


def fold(network: nn.Module) -> nn.Module:
    """Return a copy for inference, each batch norm folded into the convolution it follows.

    Both are linear, so only the last digits change. Modules keep their names: a folded batch norm
    becomes an identity, whose output is what the batch norm's was. Batch norms that follow
    something else (the first of each layer of DenseNet) stay, as does a network whose flow of data
    cannot be followed.

    Parameters
    ----------
    network
        Any network; its state is taken as in evaluation.
    """
    folded = copy.deepcopy(network).eval().requires_grad_(False)
    try:
        graph = fx.Tracer().trace(folded)
    except Exception as error:  # whatever a network does that cannot be traced
        logger.info("batch norms stay as they are: %s", str(error).splitlines()[0])
        return folded
    modules = dict(folded.named_modules())
    calls = [node.target for node in graph.nodes if node.op == "call_module"]
    for node in graph.nodes:
        if node.op != "call_module" or not isinstance(modules[node.target], nn.BatchNorm2d):
            continue
        [before] = node.all_input_nodes
        convolution = modules[before.target] if before.op == "call_module" else None
        shared = len(before.users) > 1 or max(calls.count(n.target) for n in (before, node)) > 1
        if not isinstance(convolution, nn.Conv2d) or shared:
            continue
        fused = fuse_conv_bn_eval(convolution, modules[node.target])
        convolution.weight, convolution.bias = fused.weight, fused.bias
        folded.set_submodule(node.target, nn.Identity())
    return folded.requires_grad_(False)


def ready(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Return a copy for inference in the numbers of `dtype`, folded, channels last."""
    return fold(network).to(dtype=dtype, memory_format=torch.channels_last)


class Lowered(nn.Module):
    """A part of a network that computes in other numbers than what lies around it.

    Parameters
    ----------
    part
        Made ready in its own numbers; its inputs and outputs may be lists, tuples and dictionaries
        of tensors. Those of float32 are converted on the way in, and back on the way out.
    """

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.dtype = next(part.parameters()).dtype

    def forward(self, *inputs: Any) -> Any:
        """Return what the part makes of the inputs, in float32."""
        return _cast(self.part(*_cast(inputs, self.dtype)), torch.float32)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if torch.is_tensor(value):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, dict):
        return type(value)((key, _cast(each, dtype)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(each, dtype) for each in value)
    return value
