"""Measure every detector on the held-out fields (A21, A22)."""

from cellpheno import job, tables
from cellpheno.detection import evaluation
from cellpheno.fields import completely_annotated

job.start(snakemake)
detections, speed = (
    tables.concatenate([tables.read(path, schema) for path in paths], schema)
    for paths, schema in (
        (snakemake.input.detections, tables.COMPARED_DETECTIONS),
        (snakemake.input.speed, tables.DETECTOR_SPEED),
    )
)
metrics = evaluation.evaluate_each(
    detections,
    tables.read(snakemake.input.boxes, tables.BOXES),
    completely_annotated(tables.read(snakemake.input.splits, tables.SPLITS)),
    snakemake.params.min_scores,
    snakemake.params.classes,
    snakemake.params.seed,
)
tables.write(detections, snakemake.output.detections, tables.COMPARED_DETECTIONS)
tables.write(speed, snakemake.output.speed, tables.DETECTOR_SPEED)
tables.write(metrics, snakemake.output.metrics, tables.DETECTION_METRICS)
