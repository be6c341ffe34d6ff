"""Find feature maps inside a classifier, and where in its input their positions lie."""

import dataclasses
from collections.abc import Callable
from typing import Any

from torch import fx, nn
from torch.nn import functional
from torchvision.models.swin_transformer import PatchMerging, PatchMergingV2

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.networks.backbones import Classifier, channel_axis

AUTO, LAST = "auto", "last"
ENOUGH = 7
"""Positions along each side from which a map shows more than the corner of the evidence; ResNets
have them at 224 px, for which Grad-CAM was made."""
MERGING = (PatchMerging, PatchMergingV2)
POOLS = (functional.max_pool2d, functional.avg_pool2d)


@dataclasses.dataclass(frozen=True)
class Grid:
    """The positions of a feature map along one side of its square input.

    `first`: pixel at the centre of the first one's receptive field, counted from 0. `step`: pixels
    from one to the next.
    """

    positions: int
    first: float = 0.0
    step: float = 1.0

    def through(
        self, kernel: int, stride: int, padding: int, dilation: int = 1, ceil: bool = False
    ) -> "Grid":
        """Return the grid after a convolution or a pool."""
        reach = dilation * (kernel - 1)
        room = self.positions + 2 * padding - reach - 1
        positions = (room + (stride - 1 if ceil else 0)) // stride + 1
        if ceil and (positions - 1) * stride >= self.positions + padding:
            positions -= 1  # no window begins after the input
        first = self.first + (reach / 2 - padding) * self.step
        return Grid(positions, first, self.step * stride)


@dataclasses.dataclass(frozen=True)
class Layer:
    """A feature map of a classifier, for crops of `size` px.

    `name` is the module of the backbone that returns it, empty for the backbone itself; `channel`
    is the axis of its channels.
    """

    name: str
    channel: int
    grid: Grid
    size: int

    @property
    def resolution(self) -> str:
        """A description of the layer for figures."""
        n = self.grid.positions
        return (
            f"{self.name or 'last feature map'}: {n} × {n} positions, {self.grid.step:g} px apart, "
            f"in crops of {self.size} px"
        )


def find_layer(model: Classifier, name: str, size: int) -> Layer:
    """Return the feature map to explain; warn if it has few positions.

    `name` is the config's `grad_cam.layer`: `last`, a module of the backbone by torchvision's name,
    or `auto`, the last part of the backbone whose map has at least 7 x 7 positions. Crops have
    `size` px.

    Raises
    ------
    StudyError
        When the backbone has no such module, or it returns no feature map.
    """
    known = grids(model.backbone, size)
    if name == AUTO:
        candidates = [part for part in ("", *parts(model.backbone)) if part in known]
        fine = (part for part in candidates if known[part].positions >= ENOUGH)
        chosen = next(fine, candidates[-1])
    else:
        chosen = "" if name == LAST else name
    if chosen not in known:
        raise StudyError(
            f"grad_cam/layer is {name!r}, but {model.settings.backbone} has no module of that name "
            f"with one feature map; choose {AUTO}, {LAST} or one of "
            f"{', '.join(part for part in known if part and part.count('.') < 2)}."
        )
    layer = Layer(chosen, channel_axis(model.settings.backbone, chosen), known[chosen], size)
    if layer.grid.positions < ENOUGH:
        notices.warn(
            f"Grad-CAM maps are too coarse to show which part of a cell supports its class "
            f"({layer.resolution}; at least {ENOUGH} × {ENOUGH} are needed): set grad_cam/layer to "
            f"{AUTO} or to an earlier module, or make classification/crops/size larger."
        )
    return layer


def parts(module: nn.Module, prefix: str = "") -> list[str]:
    """Return the names of a backbone's modules with weights, from its end to its beginning.

    A single module with modules of its own, such as the `features` of DenseNet, is replaced by
    them.
    """
    found = [
        (name, part)
        for name, part in module.named_children()
        if any(True for _ in part.parameters())
    ]
    nested = [part for _, part in found if list(part.children())]
    names: list[str] = []
    for name, part in reversed(found):
        inside = parts(part, f"{prefix}{name}.") if nested == [part] else [f"{prefix}{name}"]
        names += inside
    return names


def grids(backbone: nn.Module, size: int) -> dict[str, Grid]:
    """Return the positions of each module's feature map, from strides, padding and input size.

    Position i of a ResNet's last map is centred on pixel 32 i, because its padding puts the first
    centre on the first pixel; that of a ConvNeXt, which has no padding, on pixel 32 i + 15.5. The
    empty name is the backbone itself. Modules that are called more than once, or whose output has
    no positions, are left out.
    """
    tracer = _Tracer()
    graph = tracer.trace(backbone)
    modules = dict(backbone.named_modules())
    known: dict[fx.Node, Grid | None] = {}
    for node in graph.nodes:
        known[node] = Grid(size) if node.op == "placeholder" else _behind(node, modules, known)
    last = next(node for node in graph.nodes if node.op == "output")
    made = {name: nodes[0] for name, nodes in tracer.made.items() if len(nodes) == 1}
    found = {name: known[node] for name, node in {**made, "": last}.items()}
    return {name: grid for name, grid in found.items() if grid is not None}


class _Tracer(fx.Tracer):
    """Records which node each module's output is; merging of patches is one step."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, list[fx.Node]] = {}

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, MERGING) or super().is_leaf_module(module, name)

    def call_module(
        self,
        module: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        output = super().call_module(module, forward, args, kwargs)
        if isinstance(output, fx.Proxy):
            self.made.setdefault(self.path_of_module(module), []).append(output.node)
        return output


def _behind(
    node: fx.Node, modules: dict[str, nn.Module], known: dict[fx.Node, Grid | None]
) -> Grid | None:
    """Return the grid of a node's output; None if it has no positions, such as a mean."""
    module = modules.get(str(node.target)) if node.op == "call_module" else None
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return None
    before = {grid for each in node.all_input_nodes if (grid := known[each]) is not None}
    if not before:
        return None
    if len(before) > 1:
        raise ValueError(f"{node} joins maps with different positions: {before}")
    [grid] = before
    if isinstance(module, MERGING):
        return grid.through(2, 2, 0, ceil=True)
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        options = vars(module)
    elif node.op == "call_function" and node.target in POOLS:
        options = dict(zip(("kernel_size", "stride", "padding"), node.args[1:], strict=False))
        options = {**options, **node.kwargs}
    else:
        return grid
    kernel = _side(options["kernel_size"])
    return grid.through(
        kernel,
        _side(options.get("stride") or kernel),
        _side(options.get("padding", 0)),
        _side(options.get("dilation", 1)),
        options.get("ceil_mode", False),
    )


def _side(number: int | tuple[int, int]) -> int:
    return number if isinstance(number, int) else number[-1]
