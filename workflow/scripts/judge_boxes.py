"""Classify the annotated and the detected boxes of held-out fields (C50, C53)."""

from cellpheno.classification import held_out
from cellpheno.classification.inference import Settings
from cellpheno.core import gpu, job
from cellpheno.networks.backbones import load
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import COMPARED_DETECTIONS, DETECTIONS, JUDGED_BOXES
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = storage.read(inputs.splits, SPLITS)
if inputs.compared:
    detected = storage.read(inputs.compared, COMPARED_DETECTIONS)
else:
    detected = storage.read_searched(
        inputs.detections, DETECTIONS, splits["field"], inputs.splits
    ).assign(detector=params.detectors[0] if params.detectors else None)
cells = held_out.boxes(
    storage.read(inputs.boxes, BOXES),
    detected[detected["detector"].isin(params.detectors)],
    splits,
)
with gpu.device(snakemake) as device:
    trained = load(inputs.model, device, params.precision)
    judged = held_out.judge(trained, inputs.shards, cells, Settings(**params.inference), device)
storage.write(judged, snakemake.output.judged, JUDGED_BOXES)
