"""Give called cells the likeliest classes by another classifier (C7)."""

from cellpheno.calls import calling, proposals
from cellpheno.core import job
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS

job.start(snakemake)
inputs, classes = snakemake.input, snakemake.params.classes
searched = storage.searched(inputs.cells)
runs = calling.read_runs(inputs.predictions, searched, inputs.cells)
predictions = calling.average(list(runs.values()), classes)
cells = proposals.by_classifier(storage.read(inputs.cells, CELLS), predictions, classes)
storage.write(cells, snakemake.output.cells, CELLS, searched)
