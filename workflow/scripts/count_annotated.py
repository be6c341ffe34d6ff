"""Count annotated fields and cells per split, condition and class (L29, A5 to A9)."""

from cellpheno import counts, job, tables

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
table = counts.count(
    tables.read(inputs.boxes, tables.BOXES),
    tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)["field"].tolist(),
    tables.read(inputs.fields, tables.QUALITY),
    tables.read(inputs.splits, tables.SPLITS),
    params.classes,
    params.groups,
)
tables.write(table, snakemake.output.counts, tables.COUNTS)
