"""Draw typical fields with a coloured box and a score for every called cell (A45 to A47)."""

from cellpheno import job, tables
from cellpheno.figures import annotated_fields, style
from cellpheno.images import store

job.start(snakemake)

cells = tables.read(snakemake.input.cells, tables.CELLS)
quality = tables.read(snakemake.input.quality, tables.QUALITY)
splits = tables.read(snakemake.input.splits, tables.SPLITS)
params = snakemake.params
fields = annotated_fields.choose(cells, quality, splits, params.splits, params.without)
images = {
    field: image for shard in snakemake.input.shards for field, image in store.read(shard, fields)
}
conditions = quality.set_index("field")["condition"]
panels = [
    annotated_fields.Panel(field, conditions[field], images[field], cells[cells["field"] == field])
    for field in fields
]
figure = annotated_fields.draw(panels, style.Palette(**params.palette))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
