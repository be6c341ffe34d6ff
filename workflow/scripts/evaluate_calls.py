"""Compare called cells with annotated ones: average precision by class, cells per field."""

from cellpheno.core import job
from cellpheno.detection import by_class
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.metrics import CALL_METRICS
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
metrics = by_class.evaluate(
    storage.read(inputs.cells, CELLS),
    storage.read(inputs.boxes, BOXES),
    storage.read(inputs.splits, SPLITS),
    params.classes,
)
storage.write(metrics, snakemake.output.metrics, CALL_METRICS)
