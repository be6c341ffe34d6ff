"""List annotated cells whose class is likely wrong, with their crops (A10, A41)."""

import numpy as np

from cellpheno import files, job, splits, tables
from cellpheno.classification.crops import Geometry, cut_from_shards
from cellpheno.images.quality import OK
from cellpheno.label_errors import descriptors, suspects

job.start(snakemake)
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
boxes = tables.read(inputs.boxes, tables.BOXES)
fields = tables.read(inputs.fields, tables.QUALITY)
usable = fields["field"].isin(boxes["field"]) & (fields["verdict"] == OK)
fields = fields[usable].reset_index(drop=True)
cells = boxes[boxes["field"].isin(fields["field"])].reset_index(drop=True)
groups = dict(zip(fields["field"], splits.blocks(fields, [params.by, "content"]), strict=True))
settings, crops = params.settings, params.crops
geometry = Geometry.of(crops)
table, rated = suspects.judge(
    cells,
    descriptors.from_shards(inputs.shards, cells, geometry),
    cells["field"].map(groups).to_numpy(),
    params.classes,
    settings["folds"],
    settings["neighbors"],
    params.seed,
)
listed = table[table["listed"]]
shown = listed.head(settings["shown"]).reset_index(drop=True)
pictures = np.empty((len(shown), geometry.size, geometry.size, 3), dtype=np.uint8)
cut_from_shards(inputs.shards, shown, geometry, pictures)
tables.write(table, output.cells, tables.LABEL_ERRORS)
tables.write(listed, output.listed, tables.LABEL_ERRORS)
tables.write(rated, output.judges, tables.JUDGES)
job.save_warnings(snakemake)
with files.whole(output.crops) as temporary:
    np.save(temporary, pictures)
