"""Measure detection and classification on each cell line, plate or patient (A42)."""

from cellpheno.classification import subsets
from cellpheno.core import job
from cellpheno.detection import score_cutoff
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.cells import CELLS, DETECTIONS
from cellpheno.tables.metrics import SUBSET_METRICS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = storage.read(inputs.splits, SPLITS)
fields = subsets.unseen(
    storage.read(inputs.fields, QUALITY),
    splits,
    storage.read(inputs.annotated, ANNOTATED_FIELDS),
    params.group,
)
boxes = storage.read(inputs.boxes, BOXES)
searched = splits["field"], inputs.splits
metrics = subsets.evaluate(
    fields,
    params.columns,
    storage.read_searched(inputs.detections, DETECTIONS, *searched),
    boxes[boxes["label"].isin(params.detected)],
    storage.read_searched([inputs.cells], CELLS, *searched),
    score_cutoff.minimum_score(params.min_score, inputs.detection_metrics),
    params.classes,
    params.groups,
    params.group,
)
storage.write(metrics, snakemake.output.metrics, SUBSET_METRICS)
