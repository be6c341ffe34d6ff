"""Draw how large annotated objects are in each condition: boxes, points, stars."""

from cellpheno import job, tables
from cellpheno.figures import measures, style

job.start(snakemake)
params = snakemake.params
figure = measures.draw(
    tables.read(snakemake.input.measures, tables.MEASURES),
    tables.read(snakemake.input.tests, tables.MEASURE_TESTS),
    measure=snakemake.wildcards.measure,
    entry=params.test,
    palette=style.Palette(**params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
