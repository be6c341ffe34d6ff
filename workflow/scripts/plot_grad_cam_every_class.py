"""Draw what in a crop speaks for each of the classes, with their probabilities (L27)."""

import numpy as np

from cellpheno import job, tables
from cellpheno.figures import grad_cam_every_class, style

job.start(snakemake)
with np.load(snakemake.input.maps) as archive:
    crops, maps, classes = (archive[name] for name in ("crops", "maps", "classes"))
    resolution = str(archive["resolution"])
figure = grad_cam_every_class.draw(
    tables.read(snakemake.input.cells, tables.CELLS),
    crops,
    maps,
    [str(name) for name in classes],
    resolution,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
