"""Measure every detector on the held-out fields (A21, A22)."""

from cellpheno.core import job
from cellpheno.detection import evaluation
from cellpheno.splits.usable_fields import completely_annotated
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import COMPARED_DETECTIONS, DETECTOR_SPEED
from cellpheno.tables.metrics import COMPARED, DETECTION_METRICS
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
detections, speed = (
    storage.concatenate([storage.read(path, schema) for path in paths], schema)
    for paths, schema in (
        (snakemake.input.detections, COMPARED_DETECTIONS),
        (snakemake.input.speed, DETECTOR_SPEED),
    )
)
params = snakemake.params
measured = (
    detections,
    storage.read(snakemake.input.boxes, BOXES),
    completely_annotated(storage.read(snakemake.input.splits, SPLITS)),
)
metrics = evaluation.evaluate_each(*measured, params.min_scores, params.classes, params.seed)
compared = evaluation.compare(*measured, metrics, params.classes, params.margin)
storage.write(detections, snakemake.output.detections, COMPARED_DETECTIONS)
storage.write(speed, snakemake.output.speed, DETECTOR_SPEED)
storage.write(compared, snakemake.output.compared, COMPARED)
storage.write(metrics, snakemake.output.metrics, DETECTION_METRICS)
