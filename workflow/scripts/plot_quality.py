"""Draw the numbers on the quality of every field, with their limits (A4)."""

from cellpheno import job, tables
from cellpheno.figures import quality, style

job.start(snakemake)

figure = quality.draw(
    tables.read(snakemake.input.quality, tables.QUALITY),
    tables.read(snakemake.input.limits, tables.LIMITS),
    snakemake.params.channels,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
