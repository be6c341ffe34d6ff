"""Draw the gain from more annotated cells (C43, figure 11)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.target import learning_curve
from cellpheno.tables import storage
from cellpheno.tables.target import LEARNING_CURVE, LEARNING_CURVE_FITS

job.start(snakemake)
figure = learning_curve.draw(
    storage.read(snakemake.input.points, LEARNING_CURVE),
    storage.read(snakemake.input.fits, LEARNING_CURVE_FITS),
    snakemake.params.target,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
