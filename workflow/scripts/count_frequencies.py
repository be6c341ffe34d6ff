"""Count the called, or labelled, cells of every class in every field (A11, A50)."""

from cellpheno import job, tables
from cellpheno.statistics import frequencies

job.start(snakemake)

if snakemake.params.source == "labels":
    labelled = tables.read(snakemake.input.cells, tables.BOXES)
    cells = labelled.assign(call=labelled["label"])
else:
    cells = tables.read(snakemake.input.cells, tables.CELLS)
table = frequencies.count(
    cells,
    tables.read(snakemake.input.quality, tables.QUALITY),
    tables.read(snakemake.input.splits, tables.SPLITS),
    classes=snakemake.params.classes,
    groups=snakemake.params.groups,
    excluded=snakemake.params.excluded,
    wanted=snakemake.params.splits,
    without=snakemake.params.without,
)
tables.write(table, snakemake.output.table, tables.FREQUENCIES)
