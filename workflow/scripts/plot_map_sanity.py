"""Draw whether Grad-CAM maps depend on what was learned."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import map_sanity
from cellpheno.tables import storage
from cellpheno.tables.metrics import MAP_SANITY

job.start(snakemake)
figure = map_sanity.draw(storage.read(snakemake.input.table, MAP_SANITY))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
