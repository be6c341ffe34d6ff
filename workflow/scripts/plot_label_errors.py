"""Draw the annotated cells whose class is most likely wrong."""

import numpy as np

from cellpheno import job, tables
from cellpheno.figures import label_errors, style

job.start(snakemake)

figure = label_errors.draw(
    tables.read(snakemake.input.cells, tables.LABEL_ERRORS),
    np.load(snakemake.input.crops),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
