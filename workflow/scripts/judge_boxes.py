"""Classify the annotated and the detected boxes of held-out fields (C50, C53)."""

from cellpheno import job, tables
from cellpheno.classification import held_out
from cellpheno.classification.backbones import load

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
kind = tables.COMPARED_DETECTIONS if inputs.compared else tables.DETECTIONS
paths = [inputs.compared] if inputs.compared else inputs.detections
frames = [tables.read(path, kind) for path in paths]
detected = tables.concatenate(frames, kind)
if not inputs.compared:
    detected = detected.assign(detector=params.detectors[0] if params.detectors else None)
cells = held_out.boxes(
    tables.read(inputs.boxes, tables.BOXES),
    detected[detected["detector"].isin(params.detectors)],
    tables.read(inputs.splits, tables.SPLITS),
)
with job.device(snakemake) as device:
    trained = load(inputs.model, device, params.precision)
    judged = held_out.judge(trained, inputs.shards, cells, params.inference["four_flips"], device)
tables.write(judged, snakemake.output.judged, tables.JUDGED_BOXES)
