"""Count the clicks of annotating test fields from nothing and of correcting proposals (C7)."""

import logging

from cellpheno import clicks, job, tables
from cellpheno.fields import completely_annotated, in_splits

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params

annotated = tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)["field"]
splits = tables.read(inputs.splits, tables.SPLITS)
fields = in_splits(tables.read(inputs.quality, tables.QUALITY), splits, ["test"])
fields = fields[fields["field"].isin(completely_annotated(splits)["field"])]
work = clicks.count(
    tables.read(inputs.cells, tables.CELLS),
    tables.read(inputs.boxes, tables.BOXES),
    fields[fields["field"].isin(annotated)],
    params.classes,
)
logging.getLogger(__name__).info(
    "%d fields: %.1f clicks per field to correct what is proposed, %.1f from nothing.",
    *(len(work), work["clicks"].mean(), work["clicks_from_nothing"].mean()),
)
tables.write(work, snakemake.output.work, tables.ANNOTATION_WORK)
