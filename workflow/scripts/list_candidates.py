"""List the patches of a sliding window, or the annotated objects, of a shard (L8)."""

import logging

from cellpheno import candidates, job, tables

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = tables.read(inputs.quality, tables.QUALITY)
if inputs.objects:
    found = candidates.of_objects(quality, params.fields, tables.read(inputs.objects, tables.BOXES))
else:
    found = candidates.of_grid(quality, params.fields, params.grid["size"], params.grid["stride"])
searched = candidates.usable(quality, params.fields)
tables.write(found, snakemake.output.candidates, tables.DETECTIONS, searched)
logging.getLogger("list_candidates").info("%d candidates", len(found))
