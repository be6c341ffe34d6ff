"""Draw cells of each class, as annotated (3A) or as called (4E)."""

import numpy as np

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.calls import gallery
from cellpheno.images.crops import cut_from_shards
from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = storage.read(inputs.quality, QUALITY)
splits = storage.read(inputs.splits, SPLITS)
fields = in_splits(quality, splits, params.splits, params.without)
kind, column = (CELLS, "call") if params.called else (BOXES, "label")
cells = storage.read(inputs.cells, kind)
cells = cells[cells["field"].isin(fields["field"])]
palette = style.Palette(**params.palette)
chosen = gallery.choose(cells.assign(**{"class": cells[column]}), quality, palette)
crops = np.empty((len(chosen), gallery.GEOMETRY.size, gallery.GEOMETRY.size, 3), np.uint8)
cut_from_shards(inputs.shards, chosen, gallery.GEOMETRY, crops)
style.save(gallery.draw(chosen, crops, palette), snakemake.output.pdf, snakemake.output.png)
