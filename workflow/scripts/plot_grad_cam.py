"""Draw where in the crop the classifier looks."""

import numpy as np

from cellpheno import job, tables
from cellpheno.figures import grad_cam, style

job.start(snakemake)

with np.load(snakemake.input.maps, allow_pickle=False) as arrays:
    figure = grad_cam.draw(
        tables.read(snakemake.input.cells, tables.CELLS),
        arrays["crops"],
        arrays["maps"],
        str(arrays["resolution"]),
        style.Palette(**snakemake.params.palette),
    )
style.save(figure, snakemake.output.pdf, snakemake.output.png)
