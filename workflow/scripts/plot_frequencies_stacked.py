"""Draw absolute and relative frequencies as stacked bars (A50)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import frequencies_stacked
from cellpheno.tables import storage
from cellpheno.tables.statistics import FREQUENCIES, TESTS

job.start(snakemake)
figure = frequencies_stacked.draw(
    storage.read(snakemake.input.frequencies, FREQUENCIES),
    storage.read(snakemake.input.tests, TESTS),
    snakemake.params.unit,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
