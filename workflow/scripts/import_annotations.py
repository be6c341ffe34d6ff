"""Import the boxes and classes that people have drawn (A5, A10)."""

from cellpheno import job, tables
from cellpheno.annotations import formats
from cellpheno.annotations.table import to_table

job.start(snakemake)
params = snakemake.params
boxes = to_table(
    formats.read(snakemake.input.annotations, params.annotations),
    tables.read(snakemake.input.fields, tables.QUALITY),
    channels=params.channels,
    classes=params.classes,
    annotator=params.annotations["annotator"],
)
tables.write(boxes, snakemake.output.boxes, tables.BOXES)
