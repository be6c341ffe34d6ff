"""Take the median of each measure over the annotated objects of every field and class."""

from cellpheno.core import job
from cellpheno.statistics import measures
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import MEASURES

job.start(snakemake)
table = measures.medians(
    storage.read(snakemake.input.boxes, BOXES),
    storage.read(snakemake.input.annotated, ANNOTATED_FIELDS),
    storage.read(snakemake.input.quality, QUALITY),
    storage.read(snakemake.input.splits, SPLITS),
    classes=snakemake.params.classes,
    wanted=snakemake.params.splits,
    measures=snakemake.params.measures,
    without=snakemake.params.without,
)
storage.write(table, snakemake.output.table, MEASURES)
