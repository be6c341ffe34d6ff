"""Give called cells the classes that another classifier finds likeliest (C7)."""

from cellpheno import calls, job, proposals, tables

job.start(snakemake)
inputs, classes = snakemake.input, snakemake.params.classes

searched = tables.searched(inputs.cells)
runs = calls.read_runs(inputs.predictions, searched, inputs.cells)
predictions = calls.average(list(runs.values()), classes)
cells = proposals.by_classifier(tables.read(inputs.cells, tables.CELLS), predictions, classes)
tables.write(cells, snakemake.output.cells, tables.CELLS, searched)
