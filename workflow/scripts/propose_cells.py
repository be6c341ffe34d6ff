"""Give called cells the classes that another classifier finds likeliest (C7)."""

from cellpheno import calls, job, proposals, tables

job.start(snakemake)
inputs, classes = snakemake.input, snakemake.params.classes

predictions = calls.average(list(calls.read_runs(inputs.predictions).values()), classes)
cells = proposals.by_classifier(tables.read(inputs.cells, tables.CELLS), predictions, classes)
tables.write(cells, snakemake.output.cells, tables.CELLS)
