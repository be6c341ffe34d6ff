"""Draw the filter of empty patches: features as a barcode, its decision over t-SNE (L10)."""

import numpy as np

from cellpheno import job, tables
from cellpheno.figures import patch_filter, style

job.start(snakemake)
inputs = snakemake.input
figure = patch_filter.draw(
    tables.read(inputs.examples, tables.FILTER_EXAMPLES),
    np.load(inputs.features),
    np.load(inputs.crops),
    tables.read(inputs.surface, tables.FILTER_SURFACE),
    tables.read(inputs.metrics, tables.FILTER_METRICS),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
