"""Count annotated fields and cells per split, condition and class (L29, A5 to A9)."""

from cellpheno.core import job
from cellpheno.splits import counts
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES, COUNTS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
table = counts.count(
    storage.read(inputs.boxes, BOXES),
    storage.read(inputs.annotated, ANNOTATED_FIELDS)["field"].tolist(),
    storage.read(inputs.fields, QUALITY),
    storage.read(inputs.splits, SPLITS),
    params.classes,
    params.groups,
)
storage.write(table, snakemake.output.counts, COUNTS)
