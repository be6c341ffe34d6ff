"""Draw detection and classification of each cell line, plate or patient (figure S5)."""

from cellpheno.classification import subsets
from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import subsets as figure
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.metrics import SUBSET_METRICS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
fields = subsets.unseen(
    storage.read(inputs.fields, QUALITY),
    storage.read(inputs.splits, SPLITS),
    storage.read(inputs.annotated, ANNOTATED_FIELDS),
    params.group,
)
boxes = storage.read(inputs.boxes, BOXES)
cells = storage.read(inputs.cells, CELLS)
divided = {(column, value): part for column, value, part in subsets.divide(fields, params.columns)}
chosen = figure.choose(divided, boxes)
images = {
    field: image for shard in inputs.shards for field, image in store.read(shard, chosen.values())
}
examples = {
    subset: figure.Example(images[field], *(t[t["field"] == field] for t in (boxes, cells)))
    for subset, field in chosen.items()
}
metrics = storage.read(inputs.metrics, SUBSET_METRICS)
made = figure.draw(metrics, examples, style.Palette(**params.palette))
style.save(made, snakemake.output.pdf, snakemake.output.png)
