"""Measure called cells against annotated ones: average precision by class, cells per field."""

from cellpheno import job, tables
from cellpheno.detection import by_class

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
metrics = by_class.evaluate(
    tables.read(inputs.cells, tables.CELLS),
    tables.read(inputs.boxes, tables.BOXES),
    tables.read(inputs.splits, tables.SPLITS),
    params.classes,
    params.seed,
)
tables.write(metrics, snakemake.output.metrics, tables.CALL_METRICS)
