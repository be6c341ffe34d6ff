"""Divide the annotated fields into training, validation and test, without leaks (A8)."""

from cellpheno import job, leaks, splits, tables

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
annotated = tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)
boxes = tables.read(inputs.boxes, tables.BOXES)
went_through = tables.searched(inputs.boxes)
tables.check_fields(annotated["field"], went_through, inputs.annotated, inputs.boxes)
together = []
if inputs.pairs:
    found = tables.read(inputs.pairs, tables.NEAR_DUPLICATES)
    pairs = leaks.counted(found, leaks.KEEP_TOGETHER, inputs.known or None)
    together = list(zip(pairs["first"], pairs["second"], strict=True))
result = splits.assign(
    tables.read(inputs.fields, tables.QUALITY),
    annotated,
    boxes,
    seed=params.seed,
    together=together,
    **params.splits,
)
splits.refuse_unlearnable(result, boxes, params.must_learn)
tables.write(result, snakemake.output.splits, tables.SPLITS)
job.save_warnings(snakemake)
print(result["split"].value_counts().to_string())
