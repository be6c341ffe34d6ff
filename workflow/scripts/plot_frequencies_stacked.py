"""Draw absolute and relative frequencies as stacked bars (A50)."""

from cellpheno import job, tables
from cellpheno.figures import frequencies_stacked, style

job.start(snakemake)

figure = frequencies_stacked.draw(
    tables.read(snakemake.input.frequencies, tables.FREQUENCIES),
    tables.read(snakemake.input.tests, tables.TESTS),
    snakemake.params.unit,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
