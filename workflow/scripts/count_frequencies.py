"""Count the called, or labelled, cells of every class in every field (A11, A50)."""

from cellpheno import job, tables
from cellpheno.fields import in_splits
from cellpheno.statistics import frequencies

job.start(snakemake)

quality = tables.read(snakemake.input.quality, tables.QUALITY)
splits = tables.read(snakemake.input.splits, tables.SPLITS)
if snakemake.params.source == "labels":
    labelled = tables.read(snakemake.input.cells, tables.BOXES)
    cells = labelled.assign(call=labelled["label"])
else:
    searched = in_splits(quality, splits)["field"].tolist()
    cells = tables.read_searched(
        [snakemake.input.cells], tables.CELLS, searched, snakemake.input.quality
    )
table = frequencies.count(
    cells,
    quality,
    splits,
    classes=snakemake.params.classes,
    groups=snakemake.params.groups,
    excluded=snakemake.params.excluded,
    wanted=snakemake.params.splits,
    without=snakemake.params.without,
)
tables.write(table, snakemake.output.table, tables.FREQUENCIES)
