"""Cut the annotated fields into tiles, a COCO data set (A13)."""

import itertools

from cellpheno.core import job
from cellpheno.detection import coco, tiles
from cellpheno.images import store
from cellpheno.splits.usable_fields import completely_annotated
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
splits = completely_annotated(storage.read(snakemake.input.splits, SPLITS), coco.SPLITS)
annotated = splits.loc[splits["split"].isin(coco.SPLITS), "field"].tolist()
coco.write(
    snakemake.output.tiles,
    itertools.chain.from_iterable(
        store.read(path, annotated, snakemake.params.channels) for path in snakemake.input.fields
    ),
    storage.read(snakemake.input.boxes, BOXES),
    splits,
    tiles.Settings(**snakemake.params.tiles),
)
