"""Measure how well the detector finds the annotated cells of val and test (A21)."""

from cellpheno.core import job
from cellpheno.detection import evaluation
from cellpheno.splits.usable_fields import completely_annotated
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.metrics import DETECTION_METRICS
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
params = snakemake.params
boxes = storage.read(snakemake.input.boxes, BOXES)
inputs = snakemake.input
splits = storage.read(inputs.splits, SPLITS)
metrics = evaluation.evaluate(
    storage.read_searched(inputs.detections, DETECTIONS, splits["field"], inputs.splits),
    boxes[boxes["label"].isin(params.classes)],
    completely_annotated(splits),
    detector=f"{params.model['architecture']} {params.model['backbone']}",
    min_score=params.min_score,
    seed=params.seed,
)
storage.write(metrics, snakemake.output.metrics, DETECTION_METRICS)
