"""Cut the annotated fields into tiles, a COCO data set (A13)."""

import itertools

from cellpheno import job, tables
from cellpheno.detection import coco
from cellpheno.fields import completely_annotated
from cellpheno.images import store

job.start(snakemake)
tiles = snakemake.params.tiles
splits = completely_annotated(tables.read(snakemake.input.splits, tables.SPLITS), coco.SPLITS)
annotated = splits.loc[splits["split"].isin(coco.SPLITS), "field"].tolist()
coco.write(
    snakemake.output.tiles,
    itertools.chain.from_iterable(
        store.read(path, annotated, snakemake.params.channels) for path in snakemake.input.fields
    ),
    tables.read(snakemake.input.boxes, tables.BOXES),
    splits,
    rows=tiles["rows"],
    columns=tiles["columns"],
    min_visible=tiles["min_visible"],
)
