"""Measure how well the detector finds the annotated cells of val and test (A21)."""

from cellpheno import job, tables
from cellpheno.detection import evaluation
from cellpheno.fields import completely_annotated

job.start(snakemake)
params = snakemake.params
boxes = tables.read(snakemake.input.boxes, tables.BOXES)
inputs = snakemake.input
splits = tables.read(inputs.splits, tables.SPLITS)
metrics = evaluation.evaluate(
    tables.read_searched(inputs.detections, tables.DETECTIONS, splits["field"], inputs.splits),
    boxes[boxes["label"].isin(params.classes)],
    completely_annotated(splits),
    detector=f"{params.model['architecture']} {params.model['backbone']}",
    min_score=params.min_score,
    seed=params.seed,
)
tables.write(metrics, snakemake.output.metrics, tables.DETECTION_METRICS)
