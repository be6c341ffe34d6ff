"""Prepare networks for inference: fold batch norms into convolutions, convert weights to bfloat16.

On a GPU a convolution, an addition to its result and the ReLU after it become one cuDNN kernel,
which avoids writing and rereading intermediate results: half of the memory traffic of a ResNet.
"""

import copy
import logging
import operator
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cellpheno.networks.precision import channels_last

logger = logging.getLogger(__name__)


def fold(network: nn.Module) -> nn.Module:
    """Return a copy for inference, with each batch norm folded into the convolution before it.

    Both are linear, so only the last digits change. Modules keep their names: a folded batch norm
    becomes an identity with the same output. Batch norms after other layers (the first of each
    layer of DenseNet) stay, and so does a network that cannot be traced.
    """
    folded = copy.deepcopy(network).eval().requires_grad_(False)
    try:
        graph = fx.Tracer().trace(folded)
    except Exception as error:  # tracing can fail in any way
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
    """Return a copy for inference in `dtype`, with batch norms folded, channels last."""
    return channels_last(fold(network).to(dtype))


class ConvolutionReLU(nn.Module):
    """A convolution, an optional addition and a ReLU in one kernel.

    The convolution pads with zeros. The first one of a network, which sees few channels in steps of
    two pixels, becomes one of a quarter of the pixels in four times the channels (`Halved`).
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.halved = Halved(convolution) if Halved.fits(convolution) else nn.Identity()
        self.convolution = getattr(self.halved, "convolution", convolution)

    def forward(self, images: torch.Tensor, added: torch.Tensor | None = None) -> torch.Tensor:
        """Return max(0, convolution(images) + added)."""
        layer = self.convolution
        images = self.halved(images)
        if not images.is_cuda:
            result = layer(images)
            return (result if added is None else result + added).relu()
        how: list[Any] = [layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups]
        if added is None:
            return torch.cudnn_convolution_relu(images, layer.weight, *how)
        return torch.cudnn_convolution_add_relu(images, layer.weight, added, 1.0, *how)


class Halved(nn.Module):
    """A convolution of images whose blocks of 2 x 2 pixels have become channels.

    A GPU's matrix units take the channels of a pixel in groups of eight; with three, most of them
    are idle. The products and their sums stay the same. The convolution must pass `fits`.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        outputs, channels, size, _ = convolution.weight.shape
        self.before, self.taps = int(convolution.padding[0]) + 1, (size + 1) // 2
        self.channels = -(-4 * channels // 8) * 8
        # a first tap of zeros, so that taps come in pairs
        pairs = functional.pad(convolution.weight, (1, 0, 1, 0))
        pairs = pairs.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).permute(0, 3, 5, 1, 2, 4)
        weight = pairs.reshape(outputs, 4 * channels, self.taps, self.taps)
        weight = functional.pad(weight, (0, 0, 0, 0, 0, self.channels - 4 * channels))
        self.convolution = nn.Conv2d(self.channels, outputs, self.taps, device="meta")
        weight = weight.contiguous(memory_format=torch.channels_last)
        self.convolution.weight = nn.Parameter(weight, requires_grad=False)
        self.convolution.bias = convolution.bias

    @staticmethod
    def fits(convolution: nn.Conv2d) -> bool:
        """Return whether a convolution sees few channels in steps of two, with odd sides."""
        square = len(set(convolution.kernel_size)) == len(set(convolution.padding)) == 1
        plain = convolution.groups == 1 and convolution.dilation == (1, 1)
        odd = convolution.kernel_size[0] % 2 == 1
        return (
            square
            and plain
            and odd
            and convolution.stride == (2, 2)
            and convolution.in_channels < 8
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return images [N, C, H, W] as the convolution's input, [N, 4 C or more, h, w]."""
        count, channels, *sides = images.shape
        kernel = 2 * self.taps - 1
        outputs = [(side + 2 * self.before - 2 - kernel) // 2 + 1 for side in sides]
        blocks = [each + self.taps - 1 for each in outputs]
        after = [2 * each - side - self.before for each, side in zip(blocks, sides, strict=True)]
        padded = functional.pad(images, (self.before, after[1], self.before, after[0]))
        pixels = padded.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
        seen = images.new_zeros(count, *blocks, self.channels)
        seen[..., : 4 * channels] = pixels.permute(0, 1, 3, 2, 4, 5).flatten(3)
        return seen.permute(0, 3, 1, 2)


RELUS = (functional.relu, torch.relu, torch.relu_, "relu", "relu_")
SUMS = (operator.add, operator.iadd, torch.add, "add", "add_")


def merge(network: nn.Module) -> nn.Module:
    """Return a network with the same layers that computes each ReLU together with its convolution.

    For inference on a GPU; batch norms must be folded. Modules within the result cannot be watched
    by their names. A network that cannot be traced is returned unchanged.
    """
    try:
        traced = fx.symbolic_trace(copy.deepcopy(network))
    except Exception as error:  # tracing can fail in any way
        logger.info("layers are not merged: %s", str(error).splitlines()[0])
        return network
    for number, node in enumerate(list(traced.graph.nodes)):
        if not _is(traced, node, nn.ReLU, RELUS):
            continue
        before, added = _passed(traced, node.all_input_nodes[0]), []
        if _is(traced, before, (), SUMS) and len(before.users) == 1:
            terms = [_passed(traced, each) for each in before.all_input_nodes]
            if len(terms) != 2 or not _lone_convolution(traced, terms[0]):
                terms.reverse()
            before, *added = terms
            if len(added) != 1:
                continue
        convolution = _lone_convolution(traced, before)
        if convolution is None:
            continue
        other = _lone_convolution(traced, added[0]) if added else None
        if other is not None:
            both = convolution.bias.float() + other.bias.float()
            convolution.bias = nn.Parameter(both.to(other.bias.dtype), requires_grad=False)
            other.bias = None
        name = f"merged_{number}"
        traced.add_submodule(name, ConvolutionReLU(convolution))
        with traced.graph.inserting_before(node):
            inputs = (before.all_input_nodes[0], *added)
            node.replace_all_uses_with(traced.graph.call_module(name, inputs))
    traced.graph.eliminate_dead_code()
    traced.recompile()
    traced.delete_all_unused_submodules()
    return traced


def _is(traced: fx.GraphModule, node: fx.Node, kinds: Any, functions: tuple[Any, ...]) -> bool:
    """Return whether a node calls a module of these kinds or one of the functions."""
    if node.op == "call_module":
        return isinstance(traced.get_submodule(str(node.target)), kinds)
    return node.op in ("call_function", "call_method") and node.target in functions


def _passed(traced: fx.GraphModule, node: fx.Node) -> fx.Node:
    """Return the node whose output this one passes on: a folded batch norm does nothing."""
    while _is(traced, node, nn.Identity, ()) and len(node.users) == 1:
        [node] = node.all_input_nodes
    return node


def _lone_convolution(traced: fx.GraphModule, node: fx.Node) -> Any:
    """Return the convolution [nn.Conv2d with bias] of a node if only it calls it for one user."""
    if not _is(traced, node, nn.Conv2d, ()) or len(node.users) > 1:
        return None
    layer: Any = traced.get_submodule(str(node.target))
    called = [each for each in traced.graph.nodes if each.target == node.target]
    plain = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return layer if plain and layer.bias is not None and len(called) == 1 else None


class Lowered(nn.Module):
    """A part of a network that computes in a lower precision than the rest.

    Inputs and outputs of `part` may be nested lists, tuples and dictionaries of tensors; those of
    float32 are converted on the way in, and back on the way out.
    """

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.dtype = next(part.parameters()).dtype

    def forward(self, *inputs: Any) -> Any:
        """Return the part's output in float32."""
        return _cast(self.part(*_cast(inputs, self.dtype)), torch.float32)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if torch.is_tensor(value):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, dict):
        return type(value)((key, _cast(each, dtype)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(each, dtype) for each in value)
    return value
