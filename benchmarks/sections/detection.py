"""D1, D2, D3: cells of a field by Faster R-CNN with ResNet-50 and a feature pyramid."""

import functools
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Picture
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from benchmarks import phantoms
from benchmarks.sections import Options
from benchmarks.sections.classification import precisions
from benchmarks.timing import Comparison, alternate
from cellpheno.core import boxes as geometry
from cellpheno.detection import training
from cellpheno.detection.backends import registry
from cellpheno.detection.backends.interface import PROPOSALS_PER_CELL, Detector, Limits
from cellpheno.detection.evaluation import Matched, average_precision
from cellpheno.detection.pixels import rescale, to_tensor
from cellpheno.networks.training import Checkpoint
from cellpheno.study.inputs import COLOURS

LARGE = {"backend": "torchvision", "architecture": "faster_rcnn", "backbone": "resnet50"}
SMALL = {**LARGE, "backbone": "resnet18_small", "weights": None}
PROPOSALS = 1000
"""Of torchvision's own settings; both sides have as many."""
LIMITS = Limits(0.05, 0.5, PROPOSALS // PROPOSALS_PER_CELL)
MADE = {"cpu": "folded, channels last", "cuda": "merged, recorded in fixed shapes"}
POINTS = 0.2
"""Of AP50, in percent."""
FAINT = 0.03
"""Contrast of cells of which a small detector misses some: one that finds all shows no loss."""
JUDGED = 1000
"""Tiles with such cells: on 60 of them rounding alone moves AP50 by 0.3 points."""


def run(options: Options) -> list[Comparison]:
    """Compare with torchvision's own network, one image after the other, in float32."""
    cuda = options.device.type == "cuda"
    # name in the scorecard, size, enlargement, goal
    cases = [("D2", (2160, 2560), 1.0, 4.0), ("D1", (2160, 2560), 1.5, 10.0)]
    if not cuda:
        cases = [("D3", (1088, 1280), 1.0, 2.0)]
    if options.tiny:
        cases = [("D3", (96, 128), 1.5, 2.0)]
    return [found for case in cases for found in compare(options, *case)]


def compare(
    options: Options, row: str, shape: tuple[int, int], scale: float, goal: float
) -> list[Comparison]:
    """Take the time of one field, of random weights, and the agreement of a trained detector."""
    image, _, _ = phantoms.field(*shape, 400, seed=0)
    [(_, sent)] = ahead_of(options, [("field", image)])
    torch.manual_seed(0)
    detector = registry.build({**LARGE, "weights": None})
    network = detector.network
    weights = options.folder / "detector.pt"
    torch.save(network.state_dict(), weights)
    height, width = (round(side * scale) for side in shape)
    stock = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=2, min_size=height, max_size=width
    )
    stock.load_state_dict(network.state_dict())
    stock.eval().to(options.device)

    @torch.no_grad()
    def reference() -> int:
        shown = image
        if scale != 1:
            shown = np.array(Picture.fromarray(image).resize((width, height), Picture.BILINEAR))
        tensor = torch.from_numpy(shown.transpose(2, 0, 1).copy()).to(options.device)
        return len(stock([tensor.float() / 255])[0]["boxes"].cpu())

    ways = {"reference": reference}
    for precision in precisions(options):
        loaded = reloaded(detector, LARGE, options, precision)

        def ours(detector: Detector = loaded) -> int:
            tensor, _ = rescale(to_tensor(sent, options.device), torch.zeros(0, 4), scale)
            return len(detector.detect(tensor, LIMITS)[0].cpu())

        ways[precision] = ours
    times, _ = alternate(ways, options.turns, options.wait)
    found = []
    for precision in list(ways)[1:]:
        before, after = points(options, ""), points(options, precision)
        lost = abs(before - after)
        found.append(
            Comparison(
                row=row,
                what=f"a field of {shape[0]} x {shape[1]} px at scale {scale:g}, ResNet-50",
                reference="torchvision, float32, one image",
                reference_ms=options.ms(times["reference"]),
                ours=f"{MADE[options.device.type]}, {precision}",
                ours_ms=options.ms(times[precision]),
                goal=goal if precision == "bfloat16" else None,
                gate=f"AP50 of a small detector, {before:.2f} on faint cells, within {POINTS}",
                measured=lost,
                holds=lost <= POINTS,
                clock=options.clock,
            )
        )
    return found


def ahead_of(options: Options, fields: list) -> list:
    """Return fields as the reading thread leaves them: for a GPU, in memory it copies from."""
    if options.device.type == "cpu":
        return fields
    return [(name, torch.from_numpy(image).pin_memory()) for name, image in fields]


def reloaded(detector: Detector, names: dict, options: Options, precision: str) -> Detector:
    """Return a detector as the workflow has it: written, read, ready for inference."""
    path = options.folder / "detector-saved.pt"
    registry.save(detector, names, path)
    return registry.load(path, options.device, precision)


@functools.cache
def trained(folder: Path, steps: int, device: torch.device, contrast: float = 1.0) -> Detector:
    """Return a small detector that has learned to find phantoms of a contrast."""
    settings = training.Settings(
        steps=steps,
        batch_size=4,
        optimizer="adamw",
        learning_rate=0.001,
        weight_decay=0.0001,
        schedule="cosine",
        warmup=10,
        milestones=[],
        scales=(1.0, 1.0),
        quarter_turns=False,
        flips="both",
        max_gradient_norm=5.0,
    )
    learned = phantoms.tiles(max(8, steps), seed=2, contrast=contrast)
    nothing = phantoms.tiles(0, seed=3)
    checkpoint = Checkpoint(folder, f"detector-{steps}-{contrast}")
    detector, _ = training.train(
        learned, nothing, COLOURS, SMALL, settings, 0, checkpoint, device, precision="float32"
    )
    return detector


@functools.cache
def points(options: Options, precision: str) -> float:
    """Return AP50 in percent on new faint tiles; without a precision that of the plain network."""
    detector = trained(options.folder, 2 if options.tiny else 100, options.device, FAINT)
    if precision:
        detector = reloaded(detector, SMALL, options, precision)
    else:
        detector.network.to(options.device)
    tiles = phantoms.tiles(2 if options.tiny else JUDGED, seed=4, contrast=FAINT)
    scores, hits, counts = [], [], []
    for image, truth in zip(tiles.images, tiles.boxes, strict=True):
        boxes, certainty = detector.detect(to_tensor(image, options.device), Limits(0.05, 0.3, 100))
        values = certainty.cpu().numpy().astype(np.float64)
        matched = geometry.match(
            boxes.cpu().numpy().astype(np.float64), values, truth.astype(np.float64), 0.5
        )
        scores.append(values)
        hits.append(matched >= 0)
        counts.append(len(truth))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    rows = np.repeat(np.arange(len(counts)), list(map(len, scores)))
    matched = Matched(
        np.concatenate(scores)[order], np.concatenate(hits)[order], rows[order], np.array(counts)
    )
    return 100 * float(average_precision(matched, np.ones((1, len(counts))))[0])
