"""Cut the crops of the annotated cells (A10, A25-A28)."""

import logging

import numpy as np

from cellpheno.classification.training_cells import annotated_cells
from cellpheno.core import files, job
from cellpheno.detection.score_cutoff import minimum_score
from cellpheno.images.crops import Geometry, cut_from_shards
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import CROPS, DETECTIONS
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = storage.read(inputs.splits, SPLITS)
detected = None
if inputs.detections:
    detected = storage.read_searched(inputs.detections, DETECTIONS, splits["field"], inputs.splits)
    lowest = minimum_score(params.min_score, inputs.detection_metrics)
    detected = detected[detected["score"] > lowest]
cells = annotated_cells(storage.read(inputs.boxes, BOXES), splits, detected)
geometry = Geometry.of(params.crops)
shape = (len(cells), geometry.size, geometry.size, len(params.channels))
with files.whole(snakemake.output.crops) as temporary:
    crops = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
    files.reserve(temporary)
    cut_from_shards(inputs.shards, cells, geometry, crops, params.channels)
    crops.flush()
storage.write(cells, snakemake.output.table, CROPS)
logging.getLogger("cut_crops").info("%d crops", len(cells))
