"""Draw the t-SNE map as pictures of what lies where (L26)."""

import numpy as np

from cellpheno import job, tables
from cellpheno.classification.crops import Geometry, cut_from_shards
from cellpheno.figures import embedding_pictures, style

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
cells = tables.read(inputs.cells, tables.EMBEDDING)
chosen = embedding_pictures.choose(cells)
geometry = Geometry.of(params.crops)
crops = np.empty((len(chosen), geometry.size, geometry.size, 3), np.uint8)
cut_from_shards(inputs.shards, chosen, geometry, crops)
figure = embedding_pictures.draw(cells, chosen, crops, style.Palette(**params.palette))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
