"""Measure how well the detector finds the annotated cells of val and test (A21)."""

from cellpheno import job, tables
from cellpheno.detection import evaluation
from cellpheno.fields import completely_annotated

job.start(snakemake)
params = snakemake.params
boxes = tables.read(snakemake.input.boxes, tables.BOXES)
shards = [tables.read(path, tables.DETECTIONS) for path in snakemake.input.detections]
metrics = evaluation.evaluate(
    tables.concatenate(shards, tables.DETECTIONS),
    boxes[boxes["label"].isin(params.classes)],
    completely_annotated(tables.read(snakemake.input.splits, tables.SPLITS)),
    detector=f"{params.model['architecture']} {params.model['backbone']}",
    min_score=params.min_score,
    seed=params.seed,
)
tables.write(metrics, snakemake.output.metrics, tables.DETECTION_METRICS)
