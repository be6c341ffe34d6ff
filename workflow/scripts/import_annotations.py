"""Import what people have annotated: boxes, classes, fields without cells (A5, A10)."""

from cellpheno import job, tables
from cellpheno.annotations import formats
from cellpheno.annotations.table import to_tables

job.start(snakemake)
params = snakemake.params
boxes, annotated = to_tables(
    formats.read(snakemake.input.annotations, params.annotations),
    tables.read(snakemake.input.fields, tables.QUALITY),
    channels=params.channels,
    classes=params.classes,
    annotator=params.annotations["annotator"],
)
tables.write(boxes, snakemake.output.boxes, tables.BOXES)
tables.write(annotated, snakemake.output.annotated, tables.ANNOTATED_FIELDS)
