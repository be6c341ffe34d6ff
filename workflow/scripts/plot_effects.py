"""Draw the differences to control with their intervals, for every way of testing."""

from cellpheno import job, tables
from cellpheno.figures import effects, style

job.start(snakemake)

figure = effects.draw(
    tables.read(snakemake.input.tests, tables.TESTS),
    snakemake.params.tests,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
