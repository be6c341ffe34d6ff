"""Draw cells of each class side by side, as annotated (3A) or as called (4E)."""

import numpy as np

from cellpheno import job, tables
from cellpheno.classification.crops import cut_from_shards
from cellpheno.fields import in_splits
from cellpheno.figures import gallery, style

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params

quality = tables.read(inputs.quality, tables.QUALITY)
splits = tables.read(inputs.splits, tables.SPLITS)
fields = in_splits(quality, splits, params.splits, params.without)
kind, column = (tables.CELLS, "call") if params.called else (tables.BOXES, "label")
cells = tables.read(inputs.cells, kind)
cells = cells[cells["field"].isin(fields["field"])]
palette = style.Palette(**params.palette)
chosen = gallery.choose(cells.assign(**{"class": cells[column]}), quality, palette)
crops = np.empty((len(chosen), gallery.GEOMETRY.size, gallery.GEOMETRY.size, 3), np.uint8)
cut_from_shards(inputs.shards, chosen, gallery.GEOMETRY, crops)
style.save(gallery.draw(chosen, crops, palette), snakemake.output.pdf, snakemake.output.png)
