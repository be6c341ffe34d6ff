"""C1, C2, C3: the cells of a field, each seen in four flips."""

import copy

import numpy as np
import torch

from benchmarks import phantoms, references
from benchmarks.sections import Options
from benchmarks.timing import Comparison, alternate
from cellpheno.classification import inference
from cellpheno.images.crops import Geometry
from cellpheno.networks import backbones
from cellpheno.networks.backbones import Classifier, ModelSettings, Trained
from cellpheno.networks.precision import native_bfloat16
from cellpheno.networks.prefetch import on_device
from cellpheno.study.inputs import COLOURS

AGREEMENT = 0.999
UNSURE_AGREEMENT = 0.995
STREAM = 4
"""Fields one after the other on a GPU, which is to be kept busy."""


def run(options: Options) -> list[Comparison]:
    """Compare batches in each precision with one cell and one flip at a time."""
    cuda = options.device.type == "cuda"
    backbone, size, cells = ("resnet18", 48, 3) if options.tiny else ("resnet101", 224, 24)
    cells = 400 if cuda and not options.tiny else cells
    geometry = Geometry(0.16, 0.12, size)
    image, boxes, _ = phantoms.field(2160, 2560, cells, seed=0, radius=(20, 40))
    torch.manual_seed(0)
    model = backbones.build(ModelSettings(backbone), 7).eval()
    plain = copy.deepcopy(model).to(options.device)
    few = boxes[: 40 if cuda else len(boxes)]  # the reference alone; its time is per cell

    def reference() -> list:
        return [
            references.classify(plain, references.crop(image, box, geometry)[1], options.device)
            for box in few
        ]

    ways = {"reference": reference}
    for precision in precisions(options):
        loaded = reloaded(model, options, precision, geometry)

        def ours(loaded: Classifier = loaded) -> np.ndarray:
            fields = [("field", image)] * (STREAM if cuda else 1)
            return classify(loaded, fields, boxes, geometry, options.device)

        ways[precision] = ours
    times, _ = alternate(ways, options.rounds, options.wait)
    before = options.ms(times["reference"]) / len(few)
    found = []
    agreements, cells_judged = agrees(options)
    for precision, agreement in agreements.items():
        after = options.ms(times[precision]) / len(boxes) / (STREAM if cuda else 1)
        found.append(
            Comparison(
                row="C1" if cuda else "C3",
                what=(
                    f"one of {len(boxes)} cells x 4 flips, {backbone} at {size} px, crop included"
                ),
                reference="per cell, four single passes",
                reference_ms=before,
                ours=f"batches, {'merged' if cuda else 'folded'}, {precision}",
                ours_ms=after,
                goal=(150 if cuda else 2.5) if precision == "bfloat16" else None,
                gate=f"same label by a trained network for {AGREEMENT:.1%} of {cells_judged} cells",
                measured=agreement,
                holds=agreement >= AGREEMENT,
                clock=options.clock,
            )
        )
    found.append(adaptive(options))
    if cuda or options.tiny:
        found.append(throughput(options, agreements["bfloat16"], cells_judged))
    return found


def precisions(options: Options) -> list[str]:
    """Return the precisions that are worth measuring on the machine."""
    low = options.device.type == "cuda" or native_bfloat16() or options.tiny
    return ["float32", "bfloat16"] if low else ["float32"]


def reloaded(model: Classifier, options: Options, precision: str, geometry: Geometry) -> Classifier:
    """Return a classifier as the workflow has it: written, read, ready for inference."""
    path = options.folder / "classifier.pt"
    names = [f"class {number}" for number in range(model.head.out_features)]
    backbones.save(path, Trained(model, names, geometry, list(COLOURS)))
    return backbones.load(path, options.device, precision).model


def classify(
    model: Classifier,
    fields: list[tuple[str, np.ndarray]],
    boxes: np.ndarray,
    geometry: Geometry,
    device: torch.device,
) -> np.ndarray:
    """Return the probabilities of the cells of fields, of equal boxes, with four flips."""
    crops = (inference.cut(image, boxes, geometry) for _, image in on_device(fields, device))
    groups = inference.regroup(crops, inference.batch_size(geometry, device))
    parts = (inference.compute(model, part, inference.Settings(True), device) for part in groups)
    return np.concatenate([part.probabilities for part in inference.fetched(parts)])


def agrees(options: Options) -> tuple[dict[str, float], int]:
    """Return the share of cells that a trained classifier labels alike, and their number."""
    model = phantoms.trained_classifier(4 if options.tiny else 80, options.device)
    geometry = phantoms.GEOMETRY
    loaded = {name: reloaded(model, options, name, geometry) for name in precisions(options)}
    plain = copy.deepcopy(model).to(options.device)
    expected, found = [], {name: [] for name in loaded}
    cuda = options.device.type == "cuda"
    for number in range(1 if options.tiny else 20 if cuda else 50):
        image, boxes, _ = phantoms.field(512, 640, 40, seed=900_000 + number)
        expected += [
            references.classify(plain, references.crop(image, box, geometry)[1], options.device)
            for box in boxes
        ]
        for name, each in loaded.items():
            fields = [("field", image)]
            chances = classify(each, fields, boxes, geometry, options.device)
            found[name].append(chances.argmax(axis=1))
    labels = np.argmax(expected, axis=1)
    shares = {name: float((labels == np.concatenate(each)).mean()) for name, each in found.items()}
    return shares, len(labels)


def adaptive(options: Options) -> Comparison:
    """Compare all four flips with those of unsure cells alone, by a trained network."""
    model = phantoms.trained_classifier(4 if options.tiny else 80, options.device)
    loaded = reloaded(model, options, "float32", phantoms.GEOMETRY)
    crops, _ = phantoms.crops(40 if options.tiny else 2000, seed=7)

    def ours(four_flips: bool | str) -> np.ndarray:
        parts = [crops[start : start + 64] for start in range(0, len(crops), 64)]
        found = (
            inference.compute(loaded, part, inference.Settings(four_flips), options.device)
            for part in parts
        )
        return np.concatenate([part.probabilities for part in inference.fetched(found)])

    ways = {"all": lambda: ours(True), "adaptive": lambda: ours(inference.ADAPTIVE)}
    times, results = alternate(ways, options.rounds, options.wait)
    one = torch.from_numpy(ours(False))
    turned = len(inference.unsure(one)) / len(crops)
    called = [each.argmax(axis=1) for each in results.values()]
    agreement = float((called[0] == called[1]).mean())
    return Comparison(
        row="C1, adaptive" if options.device.type == "cuda" else "C3, adaptive",
        what=f"{len(crops)} crops by a trained ResNet-18; {turned:.1%} are looked at four times",
        reference="four flips of all",
        reference_ms=options.ms(times["all"]),
        ours="four flips of unsure cells, float32",
        ours_ms=options.ms(times["adaptive"]),
        goal=None,
        gate=f"same label for {UNSURE_AGREEMENT:.1%}",
        measured=agreement,
        holds=agreement >= UNSURE_AGREEMENT,
        clock=options.clock,
    )


def throughput(options: Options, agreement: float, cells_judged: int) -> Comparison:
    """C2: forward passes of ResNet-101 as the workflow runs them, against the plain network.

    What both give is held together in a trained network (see `agrees`). With random weights one
    crop's features hardly differ from the next one's, and any bfloat16 moves them by a fifth.
    """
    backbone, size, count = ("resnet18", 48, 4) if options.tiny else ("resnet101", 224, 512)
    geometry = Geometry(0.16, 0.12, size)
    torch.manual_seed(0)
    model = backbones.build(ModelSettings(backbone), 7).eval().requires_grad_(False)
    crops = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    loaded = reloaded(model, options, "bfloat16", geometry)
    plain = copy.deepcopy(model).to(options.device)
    images = torch.from_numpy(crops.transpose(0, 3, 1, 2).copy()).to(options.device)
    held = torch.from_numpy(crops).to(options.device)

    def reference() -> np.ndarray:
        with torch.no_grad():
            parts = [plain(part) for part in images.split(64)]
        return torch.cat(parts).float().softmax(1).cpu().numpy()

    def ours() -> np.ndarray:
        return inference.predict(
            loaded, held, inference.Settings(False), options.device
        ).probabilities

    times, _ = alternate({"reference": reference, "ours": ours}, options.turns, options.wait)
    return Comparison(
        row="C2",
        what=f"one forward pass, {backbone} at {size} px",
        reference="float32 (TF32), channels first, batches of 64",
        reference_ms=options.ms(times["reference"]) / count,
        ours="bfloat16, merged, channels last, one batch",
        ours_ms=options.ms(times["ours"]) / count,
        goal=2.5,
        gate=f"same label by a trained network for {AGREEMENT:.1%} of {cells_judged} cells",
        measured=agreement,
        holds=agreement >= AGREEMENT,
        clock=options.clock,
    )
