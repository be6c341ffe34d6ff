"""Draw the size of annotated objects in each condition: boxes, points, stars."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import measures
from cellpheno.tables import storage
from cellpheno.tables.statistics import MEASURE_TESTS, MEASURES

job.start(snakemake)
params = snakemake.params
figure = measures.draw(
    storage.read(snakemake.input.measures, MEASURES),
    storage.read(snakemake.input.tests, MEASURE_TESTS),
    measure=snakemake.wildcards.measure,
    entry=params.test,
    palette=style.Palette(**params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
