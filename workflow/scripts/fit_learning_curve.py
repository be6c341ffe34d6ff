"""Fit how much the classifier gains from more cells (C43, figure 11)."""

from pathlib import Path

from cellpheno import job, tables
from cellpheno.classification.selection import of_training
from cellpheno.designs import learning_curve
from cellpheno.designs.members import Member

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
crops = {Path(path).stem: tables.read(path, tables.CROPS) for path in inputs.crops}
points = learning_curve.points(
    tables.read(inputs.metrics, tables.CELL_LEVEL),
    [Member(*member) for member in params.members],
    {name: of_training(training)[0] for name, training in params.training.items()},
    {base: crops[name] for base, name in params.crops.items()},
    tables.read(inputs.fields, tables.QUALITY),
    params.seeds,
    params.seed,
)
fits = learning_curve.fits(points, params.seed)
tables.write(points, snakemake.output.points, tables.LEARNING_CURVE)
tables.write(fits, snakemake.output.fits, tables.LEARNING_CURVE_FITS)
