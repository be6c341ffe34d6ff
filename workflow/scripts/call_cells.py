"""Call the class of every detected cell of the study (A36, A37)."""

from cellpheno import calls, cutoff, job, tables
from cellpheno.fields import in_splits
from cellpheno.fusion import Fusion

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = params.calls
fields = tables.read(inputs.fields, tables.QUALITY)
splits = tables.read(inputs.splits, tables.SPLITS)
searched = in_splits(fields, splits)["field"].tolist()
runs = calls.read_runs(inputs.predictions, searched, inputs.fields)
predictions = calls.average(list(runs.values()), params.classes)
weight = settings["classifier_weight"]
if weight == "learnt":
    weight = calls.learnt_weight(inputs.weights, params.experiment, params.detector)
cells = calls.call(
    predictions,
    calls.Rule(settings["rule"], settings["threshold"], params.classes, params.negative_class),
    weight,
    cutoff.minimum_score(settings["min_score"], inputs.detection_metrics),
    Fusion(settings["keep_below"], settings["nms_before"], settings["nms_after"]),
    settings["target"],
)
cells = calls.describe(
    cells,
    fields,
    splits,
    tables.read(inputs.boxes, tables.BOXES),
)
tables.write(cells, snakemake.output.cells, tables.CELLS, searched)
calls.warn_of_calls(cells["call"])
job.save_warnings(snakemake)
