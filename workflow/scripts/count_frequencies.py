"""Count the called cells of every class in every field of the experiment (A11, A50)."""

from cellpheno import job, tables
from cellpheno.statistics import frequencies

job.start(snakemake)

table = frequencies.count(
    tables.read(snakemake.input.cells, tables.CELLS),
    tables.read(snakemake.input.quality, tables.QUALITY),
    tables.read(snakemake.input.splits, tables.SPLITS),
    classes=snakemake.params.classes,
    groups=snakemake.params.groups,
    excluded=snakemake.params.excluded,
    wanted=snakemake.params.splits,
    without=snakemake.params.without,
)
tables.write(table, snakemake.output.table, tables.FREQUENCIES)
