"""Draw quality measurements of every field, with their limits (A4)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.images import quality
from cellpheno.tables import storage
from cellpheno.tables.quality import LIMITS, QUALITY

job.start(snakemake)
figure = quality.draw(
    storage.read(snakemake.input.quality, QUALITY),
    storage.read(snakemake.input.limits, LIMITS),
    snakemake.params.channels,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
