"""Write called cells, or annotations, for annotation tools, and report what is lost by it."""

import itertools
from pathlib import Path

from cellpheno import job, proposals, tables
from cellpheno.annotations.writing import folders, losses
from cellpheno.fields import in_splits
from cellpheno.images import store
from cellpheno.progress import track

job.start(snakemake)
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
settings = params.export
fields = in_splits(
    tables.read(inputs.quality, tables.QUALITY),
    tables.read(inputs.splits, tables.SPLITS),
    settings["splits"],
)["field"]
order, incomplete = None, set()
if settings["source"] == "cells":
    cells = tables.read(inputs.cells, tables.CELLS)
    boxes = folders.from_cells(cells, settings["min_score"])
    if settings["order"] == "uncertainty":
        shown = cells[cells["score"] >= settings["min_score"]]
        shown = shown[shown["field"].isin(fields)]
        order = list(proposals.by_doubt(shown, fields, params.classes).index)
else:
    boxes = tables.read(inputs.boxes, tables.BOXES)
    annotated = tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)
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
tables.write(table, output.losses, tables.EXPORT_LOSSES)
