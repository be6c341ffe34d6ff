"""Measure how well annotated target cells are distinguished from the rest (C50, C55)."""

from cellpheno.classification.judged_boxes import read_runs
from cellpheno.core import job
from cellpheno.splits.usable_fields import groups
from cellpheno.tables import storage
from cellpheno.tables.metrics import COMPARED
from cellpheno.tables.quality import SPLITS
from cellpheno.tables.target import CELL_CONFUSION, CELL_LEVEL
from cellpheno.target import cell_level

job.start(snakemake)
params = snakemake.params
metrics, confusion, compared = cell_level.evaluate(
    read_runs(snakemake.input.judged),
    params.classes,
    params.target,
    params.report_on,
    groups(storage.read(snakemake.input.splits, SPLITS)),
    params.families,
    params.margin,
)
storage.write(metrics, snakemake.output.metrics, CELL_LEVEL)
storage.write(compared, snakemake.output.compared, COMPARED)
storage.write(confusion, snakemake.output.confusion, CELL_CONFUSION)
