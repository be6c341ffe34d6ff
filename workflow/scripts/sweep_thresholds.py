"""Call the annotated cells by both decision rules at every threshold (A36, A37)."""

from cellpheno import job, tables, thresholds

job.start(snakemake)
params = snakemake.params
swept = thresholds.sweep(
    tables.read(snakemake.input.cells, tables.CELLS),
    params.classes,
    params.groups,
    params.negative_class,
)
tables.write(swept, snakemake.output.thresholds, tables.THRESHOLDS)
