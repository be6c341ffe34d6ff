"""Call the annotated cells by both decision rules at every threshold (A36, A37)."""

from cellpheno.calls import threshold_sweep
from cellpheno.core import job
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS
from cellpheno.tables.metrics import THRESHOLDS

job.start(snakemake)
params = snakemake.params
swept = threshold_sweep.sweep(
    storage.read(snakemake.input.cells, CELLS),
    params.classes,
    params.groups,
    params.negative_class,
)
storage.write(swept, snakemake.output.thresholds, THRESHOLDS)
