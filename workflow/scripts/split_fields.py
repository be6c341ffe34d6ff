"""Divide the annotated fields into training, validation and test, without leaks (A8)."""

from cellpheno.core import job
from cellpheno.splits import assign, leaks
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.quality import NEAR_DUPLICATES, QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
annotated = storage.read(inputs.annotated, ANNOTATED_FIELDS)
boxes = storage.read(inputs.boxes, BOXES)
went_through = storage.searched(inputs.boxes)
storage.check_fields(annotated["field"], went_through, inputs.annotated, inputs.boxes)
together = []
if inputs.pairs:
    found = storage.read(inputs.pairs, NEAR_DUPLICATES)
    pairs = leaks.counted(found, leaks.KEEP_TOGETHER, inputs.known or None)
    together = list(zip(pairs["first"], pairs["second"], strict=True))
result = assign.assign(
    storage.read(inputs.fields, QUALITY),
    annotated,
    boxes,
    seed=params.seed,
    together=together,
    **params.splits,
)
assign.refuse_unlearnable(result, boxes, params.must_learn)
storage.write(result, snakemake.output.splits, SPLITS)
job.save_warnings(snakemake)
print(result["split"].value_counts().to_string())
