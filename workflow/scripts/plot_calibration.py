"""Draw the share that the stain calls dim against the classifiers' score."""

from cellpheno import job, tables
from cellpheno.figures import calibration, style

job.start(snakemake)
figure = calibration.draw(
    tables.read(snakemake.input.calibration, tables.CALIBRATION),
    tables.read(snakemake.input.metrics, tables.TWO_CLASSES),
    snakemake.params.dim,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
