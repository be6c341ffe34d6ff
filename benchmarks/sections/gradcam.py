"""G1: Grad-CAM maps of the last layer, from the pass that classifies."""

import importlib.util

import numpy as np
import torch

from benchmarks.sections import Options
from benchmarks.sections.classification import reloaded
from benchmarks.timing import Comparison, alternate
from cellpheno.classification import inference
from cellpheno.images.crops import Geometry
from cellpheno.networks import backbones
from cellpheno.networks.backbones import Classifier, ModelSettings

INSTALLED = importlib.util.find_spec("pytorch_grad_cam") is not None


def run(options: Options) -> list[Comparison]:
    """Compare with the pass without maps, and with pytorch-grad-cam where it is installed."""
    backbone, size, count = ("resnet18", 48, 2) if options.tiny else ("resnet101", 224, 8)
    torch.manual_seed(0)
    model = backbones.build(ModelSettings(backbone), 7).eval()
    crops = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    exact = reloaded(model, options, "float32", Geometry(0.16, 0.12, size))
    found = [marginal(exact, crops, options, f"{count} crops, {backbone} at {size} px")]
    if INSTALLED:
        found.append(against_package(model.to(options.device), exact, crops, options, backbone))
        if options.device.type == "cuda":
            low = reloaded(model, options, "bfloat16", Geometry(0.16, 0.12, size))
            found.append(against_package(model, low, crops, options, backbone, exactly=False))
    return found


def marginal(model: Classifier, crops: np.ndarray, options: Options, what: str) -> Comparison:
    """Measure what the maps cost on top of the pass."""
    ways = {
        name: lambda maps=maps: inference.predict(
            model, crops, inference.Settings(True), options.device, maps=maps
        )
        for name, maps in (("without", False), ("with", True))
    }
    times, results = alternate(ways, options.turns, options.wait)
    one, other = (results[name].probabilities for name in ways)
    difference = float(np.abs(one - other).max())
    return Comparison(
        row="G1, marginal",
        what=f"{what}, four flips; goal: maps cost at most 3 %",
        reference="without maps",
        reference_ms=options.ms(times["without"]),
        ours="with maps of every class",
        ours_ms=options.ms(times["with"]),
        goal=1 / 1.03,
        gate="same probabilities",
        measured=difference,
        holds=difference == 0,
        clock=options.clock,
    )


def against_package(
    model: Classifier,
    loaded: Classifier,
    crops: np.ndarray,
    options: Options,
    backbone: str,
    exactly: bool = True,
) -> Comparison:
    """Compare with the same maps by hooks and a backward pass through the whole network.

    Both in all of float32, or in what is the default of each; both enlarged as the package does,
    which is not where the workflow draws them (see `feature_maps.grids`).
    """
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.image import scale_cam_image
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    targets = np.arange(len(crops)) % model.head.out_features
    images = torch.from_numpy(crops.transpose(0, 3, 1, 2).copy())
    wrapped = GradCAM(model=_Normalised(model), target_layers=[model.backbone])

    def reference() -> np.ndarray:
        wanted = [ClassifierOutputTarget(int(target)) for target in targets]
        return wrapped(images.float().to(options.device), targets=wanted)

    def ours() -> np.ndarray:
        maps = inference.predict(
            loaded, crops, inference.Settings(False), options.device, maps=True
        ).maps
        evidence = np.maximum(maps[np.arange(len(crops)), targets], 0)
        enlarged = scale_cam_image(evidence, crops.shape[1:3])
        return scale_cam_image(enlarged)  # the package scales the mean over layers once more

    ways = {"reference": reference, "ours": ours}
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=not exactly):
        times, results = alternate(ways, options.turns, options.wait)
    difference = float(np.abs(results["reference"] - results["ours"]).max())
    gate, most = "largest difference of a map at most 1e-4", 1e-4
    if not exactly:
        gate, most = "mean difference of the maps at most 0.02", 0.02
        difference = float(np.abs(results["reference"] - results["ours"]).mean())
    return Comparison(
        row="G1",
        what=f"{len(crops)} crops, {backbone} at {crops.shape[1]} px, last layer",
        reference="pytorch-grad-cam",
        reference_ms=options.ms(times["reference"]),
        ours=f"classified and explained in one pass, {'float32' if exactly else 'bfloat16'}",
        ours_ms=options.ms(times["ours"]),
        goal=10 if options.device.type == "cuda" else 2.8,
        gate=gate,
        measured=difference,
        holds=difference <= most,
        clock=options.clock,
    )


class _Normalised(torch.nn.Module):
    """The classifier, for a package that wants gradients of the images."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.model(images)
