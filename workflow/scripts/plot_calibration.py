"""Draw the share that the stain calls dim over the classifiers' score."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import calibration
from cellpheno.tables import storage
from cellpheno.tables.two_classes import CALIBRATION, TWO_CLASSES

job.start(snakemake)
figure = calibration.draw(
    storage.read(snakemake.input.calibration, CALIBRATION),
    storage.read(snakemake.input.metrics, TWO_CLASSES),
    snakemake.params.dim,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
