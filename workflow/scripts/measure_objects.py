"""Take the median of each measure over the annotated objects of every field and class."""

from cellpheno import job, tables
from cellpheno.statistics import measures

job.start(snakemake)
table = measures.medians(
    tables.read(snakemake.input.boxes, tables.BOXES),
    tables.read(snakemake.input.annotated, tables.ANNOTATED_FIELDS),
    tables.read(snakemake.input.quality, tables.QUALITY),
    tables.read(snakemake.input.splits, tables.SPLITS),
    classes=snakemake.params.classes,
    wanted=snakemake.params.splits,
    measures=snakemake.params.measures,
    without=snakemake.params.without,
)
tables.write(table, snakemake.output.table, tables.MEASURES)
