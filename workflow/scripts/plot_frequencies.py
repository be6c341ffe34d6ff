"""Draw how often each class is called in each condition: boxes, points, stars (A50)."""

from cellpheno import job, tables
from cellpheno.figures import frequencies, style

job.start(snakemake)

figure = frequencies.draw(
    tables.read(snakemake.input.frequencies, tables.FREQUENCIES),
    tables.read(snakemake.input.tests, tables.TESTS),
    snakemake.params.test,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
