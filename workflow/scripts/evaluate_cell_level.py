"""Measure how well annotated cells of the target class are told from the rest (C50, C55)."""

from cellpheno import cell_level, job, tables
from cellpheno.judged import read_runs

job.start(snakemake)
params = snakemake.params
metrics, confusion = cell_level.evaluate(
    read_runs(snakemake.input.judged), params.classes, params.target, params.report_on, params.seed
)
tables.write(metrics, snakemake.output.metrics, tables.CELL_LEVEL)
tables.write(confusion, snakemake.output.confusion, tables.CELL_CONFUSION)
