"""Hold each group of annotated fields out in turn: one fold per group."""

from cellpheno import job, splits, tables

job.start(snakemake)
params = snakemake.params
pairs = tables.read(snakemake.input.leaks, tables.LEAKS)
allowed = params.splits["near_duplicates"] == "allow"
folds = splits.hold_each_group_out(
    tables.read(snakemake.input.fields, tables.QUALITY),
    tables.read(snakemake.input.annotated, tables.ANNOTATED_FIELDS),
    tables.read(snakemake.input.boxes, tables.BOXES),
    by=params.splits["by"],
    fractions=params.splits["fractions"],
    seed=params.seed,
    together=[] if allowed else list(zip(pairs["first"], pairs["second"], strict=True)),
    deal=params.splits["deal"],
)
tables.write(folds, snakemake.output.folds, tables.HELD_OUT)
job.save_warnings(snakemake)
print(folds.groupby("held_out")["split"].value_counts().to_string())
