"""Count the clicks of annotating test fields from nothing and of correcting proposals (C7)."""

import logging

from cellpheno.calls import clicks
from cellpheno.core import job
from cellpheno.splits.usable_fields import completely_annotated, in_splits
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, ANNOTATION_WORK, BOXES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
annotated = storage.read(inputs.annotated, ANNOTATED_FIELDS)["field"]
splits = storage.read(inputs.splits, SPLITS)
fields = in_splits(storage.read(inputs.quality, QUALITY), splits, ["test"])
fields = fields[fields["field"].isin(completely_annotated(splits)["field"])]
work = clicks.count(
    storage.read(inputs.cells, CELLS),
    storage.read(inputs.boxes, BOXES),
    fields[fields["field"].isin(annotated)],
    params.classes,
)
logging.getLogger(__name__).info(
    "%d fields: %.1f clicks per field to correct proposals, %.1f from nothing.",
    *(len(work), work["clicks"].mean(), work["clicks_from_nothing"].mean()),
)
storage.write(work, snakemake.output.work, ANNOTATION_WORK)
