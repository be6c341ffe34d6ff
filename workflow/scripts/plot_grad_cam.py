"""Draw where in the crop the classifier looks."""

import numpy as np

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import grad_cam
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS

job.start(snakemake)
with np.load(snakemake.input.maps, allow_pickle=False) as arrays:
    figure = grad_cam.draw(
        storage.read(snakemake.input.cells, CELLS),
        arrays["crops"],
        arrays["maps"],
        str(arrays["resolution"]),
        style.Palette(**snakemake.params.palette),
    )
style.save(figure, snakemake.output.pdf, snakemake.output.png)
