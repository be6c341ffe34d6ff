"""Measure every detector on the held-out fields (A21, A22)."""

from cellpheno import job, tables
from cellpheno.detection import evaluation

job.start(snakemake)
metrics = evaluation.evaluate_each(
    tables.read(snakemake.input.detections, tables.COMPARED_DETECTIONS),
    tables.read(snakemake.input.boxes, tables.BOXES),
    tables.read(snakemake.input.splits, tables.SPLITS),
    snakemake.params.min_scores,
    snakemake.params.classes,
    snakemake.params.seed,
)
tables.write(metrics, snakemake.output.metrics, tables.DETECTION_METRICS)
