"""Draw the t-SNE map as pictures of its cells (L26)."""

import numpy as np

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.embedding import embedding_pictures
from cellpheno.images.crops import Geometry, cut_from_shards
from cellpheno.tables import storage
from cellpheno.tables.cells import EMBEDDING

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
cells = storage.read(inputs.cells, EMBEDDING)
chosen = embedding_pictures.choose(cells)
geometry = Geometry.of(params.crops)
crops = np.empty((len(chosen), geometry.size, geometry.size, 3), np.uint8)
cut_from_shards(inputs.shards, chosen, geometry, crops)
figure = embedding_pictures.draw(cells, chosen, crops, style.Palette(**params.palette))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
