"""Cut the crops of the annotated cells (A10, A25-A28)."""

import logging

import numpy as np

from cellpheno import files, job, tables
from cellpheno.classification.crops import Geometry, cut_from_shards
from cellpheno.classification.selection import annotated_cells
from cellpheno.cutoff import minimum_score

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = tables.read(inputs.splits, tables.SPLITS)
detected = None
if inputs.detections:
    detected = tables.read_searched(
        inputs.detections, tables.DETECTIONS, splits["field"], inputs.splits
    )
    lowest = minimum_score(params.min_score, inputs.detection_metrics)
    detected = detected[detected["score"] > lowest]
cells = annotated_cells(tables.read(inputs.boxes, tables.BOXES), splits, detected)
geometry = Geometry.of(params.crops)
shape = (len(cells), geometry.size, geometry.size, len(params.channels))
with files.whole(snakemake.output.crops) as temporary:
    crops = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
    files.reserve(temporary)
    cut_from_shards(inputs.shards, cells, geometry, crops, params.channels)
    crops.flush()
tables.write(cells, snakemake.output.table, tables.CROPS)
logging.getLogger("cut_crops").info("%d crops", len(cells))
