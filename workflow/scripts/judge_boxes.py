"""Classify the annotated and the detected boxes of held-out fields (C50, C53)."""

from cellpheno import gpu, job, tables
from cellpheno.classification import held_out
from cellpheno.classification.backbones import load

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = tables.read(inputs.splits, tables.SPLITS)
if inputs.compared:
    detected = tables.read(inputs.compared, tables.COMPARED_DETECTIONS)
else:
    detected = tables.read_searched(
        inputs.detections, tables.DETECTIONS, splits["field"], inputs.splits
    ).assign(detector=params.detectors[0] if params.detectors else None)
cells = held_out.boxes(
    tables.read(inputs.boxes, tables.BOXES),
    detected[detected["detector"].isin(params.detectors)],
    splits,
)
with gpu.device(snakemake) as device:
    trained = load(inputs.model, device, params.precision)
    judged = held_out.judge(trained, inputs.shards, cells, params.inference["four_flips"], device)
tables.write(judged, snakemake.output.judged, tables.JUDGED_BOXES)
