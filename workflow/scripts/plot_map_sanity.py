"""Draw whether Grad-CAM maps are lost with what was learned."""

from cellpheno import job, tables
from cellpheno.figures import map_sanity, style

job.start(snakemake)
figure = map_sanity.draw(tables.read(snakemake.input.table, tables.MAP_SANITY))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
