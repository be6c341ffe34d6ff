"""Divide the annotated fields into training, validation and test, without leaks (A8)."""

from cellpheno import job, leaks, splits, tables

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
fields = tables.read(inputs.fields, tables.QUALITY)
annotated = tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)
boxes = tables.read(inputs.boxes, tables.BOXES)
drawn = annotated.loc[annotated["n_boxes"] > 0, "field"]
tables.check_fields(boxes["field"].unique(), list(drawn), inputs.boxes, inputs.annotated)
mode = params.splits["near_duplicates"]

learning = leaks.learning(fields, annotated)
images = leaks.whole_fields(inputs.shards, learning["field"])
cells = None
if mode == "keep_together":
    cells = leaks.cells(inputs.shards, boxes[boxes["field"].isin(learning["field"])])
pairs = leaks.between_fields(learning, images, cells, params.splits)
together = mode == "keep_together"
result = splits.assign(
    fields,
    annotated,
    boxes,
    by=params.splits["by"],
    fractions=params.splits["fractions"],
    seed=params.seed,
    hold_out=params.splits["hold_out"],
    together=list(zip(pairs["first"], pairs["second"], strict=True)) if together else [],
    deal=params.splits["deal"],
)
pairs = leaks.with_splits(pairs, result)
tables.write(pairs, snakemake.log.pairs, tables.LEAKS)
leaks.judge(pairs, "fields", mode, snakemake.log.pairs)
tables.write(pairs, snakemake.output.leaks, tables.LEAKS)
tables.write(result, snakemake.output.splits, tables.SPLITS)
job.save_warnings(snakemake)
print(result["split"].value_counts().to_string())
print(f"{len(pairs)} pairs of fields show the same")
