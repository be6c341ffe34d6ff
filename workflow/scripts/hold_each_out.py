"""Hold out each group of annotated fields in turn: one fold per group."""

from cellpheno.core import job
from cellpheno.splits import assign
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.quality import HELD_OUT, LEAKS, QUALITY

job.start(snakemake)
params = snakemake.params
pairs = storage.read(snakemake.input.leaks, LEAKS)
allowed = params.splits["near_duplicates"] == "allow"
folds = assign.hold_each_group_out(
    storage.read(snakemake.input.fields, QUALITY),
    storage.read(snakemake.input.annotated, ANNOTATED_FIELDS),
    storage.read(snakemake.input.boxes, BOXES),
    by=params.splits["by"],
    fractions=params.splits["fractions"],
    seed=params.seed,
    together=[] if allowed else list(zip(pairs["first"], pairs["second"], strict=True)),
    deal=params.splits["deal"],
)
storage.write(folds, snakemake.output.folds, HELD_OUT)
job.save_warnings(snakemake)
print(folds.groupby("held_out")["split"].value_counts().to_string())
