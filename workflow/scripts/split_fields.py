"""Divide the annotated fields into training, validation and test, by group (A8)."""

from cellpheno import job, splits, tables

job.start(snakemake)
params = snakemake.params
result = splits.assign(
    tables.read(snakemake.input.fields, tables.QUALITY),
    tables.read(snakemake.input.annotated, tables.ANNOTATED_FIELDS),
    tables.read(snakemake.input.boxes, tables.BOXES),
    by=params.splits["by"],
    fractions=params.splits["fractions"],
    seed=params.seed,
    hold_out=params.splits["hold_out"],
)
tables.write(result, snakemake.output.splits, tables.SPLITS)
print(result["split"].value_counts().to_string())
