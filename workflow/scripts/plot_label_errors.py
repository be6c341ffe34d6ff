"""Draw the annotated cells whose class is most likely wrong."""

import numpy as np

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.labels import label_errors
from cellpheno.tables import storage
from cellpheno.tables.annotations import LABEL_ERRORS

job.start(snakemake)
figure = label_errors.draw(
    storage.read(snakemake.input.cells, LABEL_ERRORS),
    np.load(snakemake.input.crops),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
