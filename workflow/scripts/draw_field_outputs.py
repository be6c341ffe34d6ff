"""Write pictures and crops of the fields of a shard, one folder each (A44 to A48)."""

from pathlib import Path

import pandas as pd

from cellpheno.core import job, made_files
from cellpheno.core.progress import track
from cellpheno.figures import style
from cellpheno.figures.images import field_outputs
from cellpheno.images import store
from cellpheno.splits import usable_fields
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS, DETECTIONS
from cellpheno.tables.quality import PICTURES, QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
detections = storage.read(inputs.detections, DETECTIONS)
cells = storage.read(inputs.cells, CELLS)
quality = storage.read(inputs.quality, QUALITY)
splits = storage.read(inputs.splits, SPLITS)
wanted = set(usable_fields.in_splits(quality, splits, params.splits)["field"])
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
storage.write(drawn, snakemake.output.folders, PICTURES)
