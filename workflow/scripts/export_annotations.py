"""Write called cells, or annotations, for annotation tools, and report what is lost."""

import itertools
from pathlib import Path

from cellpheno.annotations.writing import folders, losses
from cellpheno.calls import proposals
from cellpheno.core import job
from cellpheno.core.progress import track
from cellpheno.images import store
from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES, EXPORT_LOSSES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
settings = params.export
fields = in_splits(
    storage.read(inputs.quality, QUALITY),
    storage.read(inputs.splits, SPLITS),
    settings["splits"],
)["field"]
order, incomplete = None, set()
if settings["source"] == "cells":
    cells = storage.read(inputs.cells, CELLS)
    boxes = folders.from_cells(cells, settings["min_score"])
    if settings["order"] == "uncertainty":
        shown = cells[cells["score"] >= settings["min_score"]]
        shown = shown[shown["field"].isin(fields)]
        order = list(proposals.by_doubt(shown, fields, params.classes).index)
else:
    boxes = storage.read(inputs.boxes, BOXES)
    annotated = storage.read(inputs.annotated, ANNOTATED_FIELDS)
    fields = fields[fields.isin(annotated["field"])]
    incomplete = set(annotated.loc[~annotated["complete"], "field"])
images = itertools.chain.from_iterable(store.read(path, fields) for path in inputs.shards)
pictures, sources = folders.write(
    {name: Path(output.losses).with_name(name) for name in settings["formats"]},
    track(images, "fields written", len(fields)),
    boxes,
    params.classes,
    params.annotations["class_attribute"],
    order,
)
table = losses.report(sources, pictures, params.annotations, incomplete)
storage.write(table, output.losses, EXPORT_LOSSES)
