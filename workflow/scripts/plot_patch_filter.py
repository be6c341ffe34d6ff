"""Draw the filter of empty patches: features as a barcode, decision over t-SNE (L10)."""

import numpy as np

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.candidates import patch_filter
from cellpheno.tables import storage
from cellpheno.tables.patch_filter import FILTER_EXAMPLES, FILTER_METRICS, FILTER_SURFACE

job.start(snakemake)
inputs = snakemake.input
figure = patch_filter.draw(
    storage.read(inputs.examples, FILTER_EXAMPLES),
    np.load(inputs.features),
    np.load(inputs.crops),
    storage.read(inputs.surface, FILTER_SURFACE),
    storage.read(inputs.metrics, FILTER_METRICS),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
