"""Call the class of every detected cell of the study (A36, A37)."""

import dataclasses

from cellpheno.calls import calling
from cellpheno.calls.fusion import Settings
from cellpheno.core import job
from cellpheno.detection import score_cutoff
from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import CELLS, DETECTIONS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = Settings(**params.calls)
fields = storage.read(inputs.fields, QUALITY)
splits = storage.read(inputs.splits, SPLITS)
searched = in_splits(fields, splits)["field"].tolist()
if inputs.detections:
    found = storage.read_searched(inputs.detections, DETECTIONS, searched, inputs.fields)
    predictions = calling.of_one_class(found, params.classes[0])
else:
    runs = calling.read_runs(inputs.predictions, searched, inputs.fields)
    predictions = calling.average(list(runs.values()), params.classes)
weight = settings.classifier_weight
if weight == "learnt":
    weight = calling.learnt_weight(inputs.weights, params.experiment, params.detector)
lowest = score_cutoff.minimum_score(settings.min_score, inputs.detection_metrics)
rule = calling.Rule(settings.rule, settings.threshold, params.classes, params.negative_class)
settings = dataclasses.replace(settings, classifier_weight=weight, min_score=lowest)
cells = calling.call(predictions, rule, settings)
cells = calling.describe(
    cells,
    fields,
    splits,
    storage.read(inputs.boxes, BOXES),
)
storage.write(cells, snakemake.output.cells, CELLS, searched)
calling.warn_of_calls(cells["call"], params.classes)
job.save_warnings(snakemake)
