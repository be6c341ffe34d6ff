"""Z1, Z2: raw files of a field to its table of cells, its features and its maps."""

import copy
import dataclasses
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import tifffile
import torch

from benchmarks import phantoms, references
from benchmarks.conversion_jobs import CHANNELS, convert
from benchmarks.sections import Options
from benchmarks.sections.classification import precisions, reloaded
from benchmarks.sections.detection import SMALL, trained
from benchmarks.sections.detection import reloaded as reloaded_detector
from benchmarks.timing import Comparison, alternate
from cellpheno.classification import inference
from cellpheno.core import boxes as geometry
from cellpheno.detection.backends.interface import Detector
from cellpheno.detection.inference import Settings, detect_field
from cellpheno.detection.pixels import to_tensor
from cellpheno.images import store
from cellpheno.images.crops import Geometry
from cellpheno.networks import backbones
from cellpheno.networks.backbones import Classifier, ModelSettings
from cellpheno.networks.prefetch import on_device
from cellpheno.tables import storage
from cellpheno.tables.cells import PREDICTIONS
from cellpheno.tables.columns import BOX_COLUMNS

LIMITS = Settings(scale=1.0, min_score=0.5, nms_iou=0.3, max_detections=500)
MATCHED = 0.995
IOU = 0.95


def run(options: Options) -> list[Comparison]:
    """Compare all stages of one field with the same stages one cell and one picture at a time."""
    cuda = options.device.type == "cuda"
    backbone, size, shape, cells = "resnet101", 224, (512, 640), 34
    if cuda:
        shape, cells = (2160, 2560), 400
    if options.tiny:
        backbone, size, shape, cells = "resnet18", 48, (128, 160), 3
    row = _write_field(options.folder / "raw", shape, cells)
    torch.manual_seed(0)
    model = backbones.build(ModelSettings(backbone), 7).eval()
    crops = Geometry(0.16, 0.12, size)
    detector = trained(options.folder, 2 if options.tiny else 100, options.device)
    # a detector that has hardly learned sees cells everywhere, or nowhere
    limits = dataclasses.replace(LIMITS, min_score=0.2) if options.tiny else LIMITS
    plain = copy.deepcopy(detector), copy.deepcopy(model).to(options.device)
    plain[0].network.to(options.device)
    waits: dict[str, list[float]] = {}
    ways: dict[str, Callable[[], pd.DataFrame]] = {
        "reference": lambda: one_by_one(row, *plain, crops, limits, options)
    }
    for precision in precisions(options)[: 1 if options.tiny else None]:
        loaded = (
            reloaded_detector(detector, SMALL, options, precision),
            reloaded(model, options, precision, crops),
        )
        ways[precision] = lambda loaded=loaded, precision=precision: in_one_pass(
            row, *loaded, crops, limits, options, waits.setdefault(precision, [])
        )
    rounds, warm_up = options.rounds, True
    if cuda:  # where the reference takes twenty seconds a field, all else is warmed up alone
        rounds, warm_up = 1, False
        for name in list(ways)[1:]:
            ways[name]()
    times, results = alternate(ways, rounds, options.wait, warm_up)
    steady = {}
    if cuda or options.tiny:
        rows = [dict(row, field=f"field-{number}") for number in range(3 if options.tiny else 16)]
        steady = in_steady_state(rows, *loaded, crops, limits, options)
    found = []
    for precision in list(ways)[1:]:
        share = matched(results["reference"], results[precision])
        waiting = np.median(waits[precision])
        found.append(
            Comparison(
                row="Z1" if cuda else "Z2",
                what=(
                    f"a field of {shape[0]} x {shape[1]} px, {len(results[precision])} cells, "
                    f"{backbone}; networks idle for {waiting:.1%} of the time"
                ),
                reference="PNG staging, per cell, CSV, without maps",
                reference_ms=options.ms(times["reference"]),
                ours=f"batches, features and maps, {precision}",
                ours_ms=options.ms(times[precision]),
                goal=(100 if cuda else 2.5) if precision == "bfloat16" else None,
                gate=f"{MATCHED:.1%} of boxes overlap one of the other side by {IOU:.0%}",
                measured=share,
                holds=share >= MATCHED,
                clock=options.clock,
            )
        )
    if steady:
        before = options.ms(times["reference"])
        found.append(
            Comparison(
                row="Z1, steady state",
                what=(
                    f"the same, each of {steady['fields']} fields in turn, converted by other "
                    f"processes; it waits for data for {steady['waiting']:.1%} of the time"
                ),
                reference="PNG staging, per cell, CSV, without maps",
                reference_ms=before,
                ours=f"read ahead, written beside, {precision}",
                ours_ms=steady["ms"],
                goal=100,
                gate="as many cells in every field",
                measured=steady["spread"],
                holds=steady["spread"] == 0,
                clock="elapsed, mean of fields",
            )
        )
    return found


def in_steady_state(
    rows: list[dict[str, str]],
    detector: Detector,
    model: Classifier,
    crops: Geometry,
    limits: Settings,
    options: Options,
) -> dict[str, float]:
    """Return the time of a field where the next ones are converted and the last ones written.

    The first quarter of the fields is not counted.
    """
    counts, began, waited, first = [], 0.0, 0.0, len(rows) // 4
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1 if options.tiny else 4, spawn) as converters,
        ThreadPoolExecutor(1) as writer,
    ):
        jobs = [
            converters.submit(convert, row, options.folder / f"shard-{number}.npz")
            for number, row in enumerate(rows)
        ]
        fields = on_device(
            (field for job in jobs for field in store.read(job.result())), options.device
        )
        written = []
        for number in range(len(rows)):
            if number == first:
                options.wait()
                began, waited = time.perf_counter(), 0.0
            asked = time.perf_counter()
            field, image = next(fields)
            waited += time.perf_counter() - asked
            table, parts = look(field, image, detector, model, crops, limits, options)
            written.append(writer.submit(keep, table, parts, options.folder))
            counts.append(len(table))
        for each in written:
            each.result()
        options.wait()
        seconds = time.perf_counter() - began
    return {
        "fields": len(rows) - first,
        "ms": seconds / (len(rows) - first) * 1e3,
        "waiting": waited / seconds,
        "spread": float(max(counts) - min(counts)),
    }


def look(
    field: str,
    image: np.ndarray | torch.Tensor,
    detector: Detector,
    model: Classifier,
    crops: Geometry,
    limits: Settings,
    options: Options,
) -> tuple[pd.DataFrame, list[inference.Computed]]:
    """Find and classify the cells of a field; what is computed may still be on its way."""
    detections = detect_field(detector, field, image, limits, options.device)
    corners = detections[BOX_COLUMNS].to_numpy(np.float64)
    pictures = inference.cut(image, corners, crops)
    size = inference.batch_size(crops, options.device)
    return detections, [
        inference.compute(
            model,
            pictures[start : start + size],
            inference.Settings(True),
            options.device,
            maps=True,
        )
        for start in range(0, max(1, len(pictures)), size)
    ]


def keep(
    detections: pd.DataFrame, computed: list[inference.Computed], folder: Path
) -> pd.DataFrame:
    """Write what was found in a field: table of cells, features and maps."""
    parts = [part.fetch() for part in computed]
    chances = np.concatenate([part.probabilities for part in parts])
    named = {f"p_class {number}": column for number, column in enumerate(chances.T)}
    table = detections.rename(columns={"score": "det_score"})
    table = table.assign(**named, feature_row=np.arange(len(table)))
    storage.write(table, folder / "cells.parquet", PREDICTIONS)
    np.save(folder / "features.npy", np.concatenate([part.features for part in parts]))
    maps = np.concatenate([part.maps for part in parts]).astype(np.float16)
    np.save(folder / "maps.npy", maps)
    return table


def _write_field(folder: Path, shape: tuple[int, int], cells: int) -> dict[str, str]:
    folder.mkdir()
    image, _, _ = phantoms.field(*shape, cells, seed=77)
    row = {"field": "field-1"}
    for number, channel in enumerate(CHANNELS):
        row[channel] = str(folder / f"{channel}.tif")
        tifffile.imwrite(row[channel], image[..., number].astype(np.uint16) * 16)
    return row


def one_by_one(
    row: dict[str, str],
    detector: Detector,
    model: Classifier,
    crops: Geometry,
    limits: Settings,
    options: Options,
) -> pd.DataFrame:
    """Stage the field through PNG, detect in float32, classify cell by cell, write CSV."""
    channels = [tifffile.imread(row[channel]) for channel in CHANNELS]
    staged = options.folder / "staged.png"
    image = np.clip(np.stack(channels, axis=-1) / 16, 0, 255).round().astype(np.uint8)
    cv2.imwrite(str(staged), image[..., ::-1])
    image = np.ascontiguousarray(cv2.imread(str(staged))[..., ::-1])
    boxes, scores = detector.detect(to_tensor(image, options.device), limits.limits)
    pictures = options.folder / "cells"
    pictures.mkdir(exist_ok=True)
    found = []
    for number, box in enumerate(boxes.cpu().numpy().astype(np.float64)):
        square, seen = references.crop(image, box, crops)
        references.write_pictures(pictures, number, square, seen)
        chances = references.classify(model, seen, options.device)
        found.append([row["field"], *box, float(scores[number]), *chances])
    columns = ["field", *BOX_COLUMNS, "det_score"]
    columns += [f"p_class {number}" for number in range(model.head.out_features)]
    frame = pd.DataFrame(found, columns=columns)
    frame.to_csv(options.folder / "cells.csv", index=False)
    return frame


def in_one_pass(
    row: dict[str, str],
    detector: Detector,
    model: Classifier,
    crops: Geometry,
    limits: Settings,
    options: Options,
    waits: list[float],
) -> pd.DataFrame:
    """Do as the rules of the workflow do, and note for what share no network computes."""
    began = time.perf_counter()
    shard = convert(row, options.folder / "shard.npz")
    [(field, image)] = on_device(store.read(shard), options.device)
    computing = time.perf_counter()
    detections, parts = look(field, image, detector, model, crops, limits, options)
    options.wait()
    writing = time.perf_counter()
    table = keep(detections, parts, options.folder)
    ended = time.perf_counter()
    waits.append((computing - began + ended - writing) / (ended - began))
    return table


def matched(reference: pd.DataFrame, ours: pd.DataFrame) -> float:
    """Return the share of all boxes, of both sides, that have one of the other at `IOU`."""
    if not len(reference) and not len(ours):
        return 1.0
    one, other = (frame[BOX_COLUMNS].to_numpy(np.float64) for frame in (reference, ours))
    overlap = geometry.iou(one, other)
    both = (overlap.max(1, initial=0) >= IOU).sum() + (overlap.max(0, initial=0) >= IOU).sum()
    return float(both / (len(one) + len(other)))
