"""Draw what more annotated cells gain (C43, figure 11)."""

from cellpheno import job, tables
from cellpheno.figures import learning_curve, style

job.start(snakemake)
figure = learning_curve.draw(
    tables.read(snakemake.input.points, tables.LEARNING_CURVE),
    tables.read(snakemake.input.fits, tables.LEARNING_CURVE_FITS),
    snakemake.params.target,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
