"""Fit how much the classifier gains from more cells (C43, figure 11)."""

from cellpheno.core import job
from cellpheno.study.members import Member
from cellpheno.tables import storage
from cellpheno.tables.cells import CLASSIFIERS
from cellpheno.tables.target import CELL_LEVEL, LEARNING_CURVE, LEARNING_CURVE_FITS
from cellpheno.target import learning_curve

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
points = learning_curve.points(
    storage.read(inputs.metrics, CELL_LEVEL),
    [Member(*member) for member in params.members],
    storage.read(inputs.classifiers, CLASSIFIERS),
)
fits = learning_curve.fits(points, params.seed)
storage.write(points, snakemake.output.points, LEARNING_CURVE)
storage.write(fits, snakemake.output.fits, LEARNING_CURVE_FITS)
