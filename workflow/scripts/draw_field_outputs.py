"""Write pictures and crops of the fields of a shard, one folder each (A44 to A48)."""

from pathlib import Path

import pandas as pd

from cellpheno import fields, job, made_files, tables
from cellpheno.figures import field_outputs, style
from cellpheno.images import store
from cellpheno.progress import track

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
detections = tables.read(inputs.detections, tables.DETECTIONS)
cells = tables.read(inputs.cells, tables.CELLS)
quality = tables.read(inputs.quality, tables.QUALITY)
splits = tables.read(inputs.splits, tables.SPLITS)
wanted = set(fields.in_splits(quality, splits, params.splits)["field"])
wanted &= set(store.names(inputs.fields))
palette = style.Palette(**params.palette)
folder_name = Path(snakemake.output.folders).with_suffix("")
with made_files.replaced(folder_name) as folder:
    for field, image in track(store.read(inputs.fields, wanted), "fields", len(wanted)):
        field_outputs.write(
            folder / field,
            image,
            detections[detections["field"] == field],
            cells[cells["field"] == field],
            palette,
            params.margin,
        )
drawn = pd.DataFrame({"field": sorted(wanted)}, dtype=object)
drawn["picture"] = str(folder_name) + "/" + drawn["field"]
tables.write(drawn, snakemake.output.folders, tables.PICTURES)
