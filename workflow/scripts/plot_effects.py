"""Draw the differences to control with their intervals, for every test."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import effects
from cellpheno.tables import storage
from cellpheno.tables.statistics import TESTS

job.start(snakemake)
figure = effects.draw(
    storage.read(snakemake.input.tests, TESTS),
    snakemake.params.tests,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
