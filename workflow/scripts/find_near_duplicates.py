"""Find annotated fields and cells that show the same though neither group nor bytes say so (A8)."""

from cellpheno import job, leaks, tables

job.start(snakemake)
inputs = snakemake.input
learning = leaks.learning(
    tables.read(inputs.fields, tables.QUALITY),
    tables.read(inputs.annotated, tables.ANNOTATED_FIELDS),
)
pictures = {leaks.IMAGE: leaks.whole_fields(inputs.shards, learning["field"])}
if inputs.boxes:
    boxes = tables.read(inputs.boxes, tables.BOXES)
    own = boxes[boxes["field"].isin(learning["field"])].reset_index(drop=True)
    pictures[leaks.CELLS] = leaks.cells(inputs.shards, own)
pairs = leaks.between_fields(learning, pictures, snakemake.params.settings)
for path in snakemake.output:  # for people, and for jobs, with its number of rows
    tables.write(pairs, path, tables.NEAR_DUPLICATES)
print(f"{len(pairs)} pairs of fields or cells are alike")
