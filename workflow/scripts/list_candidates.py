"""List the patches of a sliding window, or the annotated objects, of a shard (L8)."""

import logging

from cellpheno.candidates import grid_and_objects
from cellpheno.core import job
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = storage.read(inputs.quality, QUALITY)
if inputs.objects:
    found = grid_and_objects.of_objects(quality, params.fields, storage.read(inputs.objects, BOXES))
else:
    found = grid_and_objects.of_grid(
        quality, params.fields, params.grid["size"], params.grid["stride"]
    )
searched = grid_and_objects.usable(quality, params.fields)
storage.write(found, snakemake.output.candidates, DETECTIONS, searched)
logging.getLogger("list_candidates").info("%d candidates", len(found))
