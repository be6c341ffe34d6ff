"""Fit how much the classifier gains from more cells (C43, figure 11)."""

from cellpheno import job, tables
from cellpheno.designs import learning_curve
from cellpheno.designs.members import Member

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
points = learning_curve.points(
    tables.read(inputs.metrics, tables.CELL_LEVEL),
    [Member(*member) for member in params.members],
    tables.read(inputs.classifiers, tables.CLASSIFIERS),
)
fits = learning_curve.fits(points, params.seed)
tables.write(points, snakemake.output.points, tables.LEARNING_CURVE)
tables.write(fits, snakemake.output.fits, tables.LEARNING_CURVE_FITS)
