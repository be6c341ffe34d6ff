"""Draw which part of a crop supports each class, with probabilities (L27)."""

import numpy as np

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import grad_cam_every_class
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS

job.start(snakemake)
with np.load(snakemake.input.maps) as archive:
    crops, maps, classes = (archive[name] for name in ("crops", "maps", "classes"))
    resolution = str(archive["resolution"])
figure = grad_cam_every_class.draw(
    storage.read(snakemake.input.cells, CELLS),
    crops,
    maps,
    [str(name) for name in classes],
    resolution,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
