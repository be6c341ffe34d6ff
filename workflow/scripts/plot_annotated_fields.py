"""Draw typical fields with a coloured box and a score for every called cell (A45 to A47)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.annotations import annotated_fields
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
cells = storage.read(snakemake.input.cells, CELLS)
quality = storage.read(snakemake.input.quality, QUALITY)
splits = storage.read(snakemake.input.splits, SPLITS)
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
