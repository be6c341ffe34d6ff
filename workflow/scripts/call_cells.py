"""Call the class of every detected cell of the study (A36, A37)."""

from cellpheno import calls, cutoff, job, tables

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = params.calls
predictions = calls.average(list(calls.read_runs(inputs.predictions).values()), params.classes)
cells = calls.call(
    predictions,
    calls.Rule(settings["rule"], settings["threshold"], params.classes, params.negative_class),
    settings["classifier_weight"],
    cutoff.minimum_score(settings["min_score"], inputs.detection_metrics),
)
cells = calls.describe(
    cells,
    tables.read(inputs.fields, tables.QUALITY),
    tables.read(inputs.splits, tables.SPLITS),
    tables.read(inputs.boxes, tables.BOXES),
)
tables.write(cells, snakemake.output.cells, tables.CELLS)
