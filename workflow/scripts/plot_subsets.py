"""Draw detection and classification of each cell line, plate or patient by itself (figure S5)."""

from cellpheno import job, subsets, tables
from cellpheno.figures import style
from cellpheno.figures import subsets as figure
from cellpheno.images import store

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
fields = subsets.unseen(
    tables.read(inputs.fields, tables.QUALITY),
    tables.read(inputs.splits, tables.SPLITS),
    tables.read(inputs.annotated, tables.ANNOTATED_FIELDS),
    params.group,
)
boxes = tables.read(inputs.boxes, tables.BOXES)
cells = tables.read(inputs.cells, tables.CELLS)
divided = {(column, value): part for column, value, part in subsets.divide(fields, params.columns)}
chosen = figure.choose(divided, boxes)
images = {
    field: image for shard in inputs.shards for field, image in store.read(shard, chosen.values())
}
examples = {
    subset: figure.Example(images[field], *(t[t["field"] == field] for t in (boxes, cells)))
    for subset, field in chosen.items()
}
metrics = tables.read(inputs.metrics, tables.SUBSET_METRICS)
made = figure.draw(metrics, examples, style.Palette(**params.palette))
style.save(made, snakemake.output.pdf, snakemake.output.png)
