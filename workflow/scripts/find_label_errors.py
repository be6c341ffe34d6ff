"""List annotated cells whose class is probably wrong, with their crops (A10, A41)."""

import numpy as np

from cellpheno.core import files, job
from cellpheno.images.crops import Geometry, cut_from_shards
from cellpheno.images.quality.measures import OK
from cellpheno.labels.suspects import descriptors, suspects
from cellpheno.splits import assign
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES, JUDGES, LABEL_ERRORS
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
boxes = storage.read(inputs.boxes, BOXES)
fields = storage.read(inputs.fields, QUALITY)
usable = fields["field"].isin(boxes["field"]) & (fields["verdict"] == OK)
fields = fields[usable].reset_index(drop=True)
cells = boxes[boxes["field"].isin(fields["field"])].reset_index(drop=True)
groups = dict(zip(fields["field"], assign.blocks(fields, [params.by, "content"]), strict=True))
settings, crops = params.settings, params.crops
geometry = Geometry.of(crops)
table, rated = suspects.judge(
    cells,
    descriptors.from_shards(inputs.shards, cells, geometry),
    cells["field"].map(groups).to_numpy(),
    params.classes,
    settings["folds"],
    settings["neighbors"],
)
listed = table[table["listed"]]
shown = listed.head(settings["shown"]).reset_index(drop=True)
pictures = np.empty((len(shown), geometry.size, geometry.size, 3), dtype=np.uint8)
cut_from_shards(inputs.shards, shown, geometry, pictures)
storage.write(table, output.cells, LABEL_ERRORS)
storage.write(listed, output.listed, LABEL_ERRORS)
storage.write(rated, output.judges, JUDGES)
job.save_warnings(snakemake)
with files.whole(output.crops) as temporary:
    np.save(temporary, pictures)
