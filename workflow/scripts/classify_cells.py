"""Classify the detected cells of a shard and keep their pooled features (A34)."""

import numpy as np

from cellpheno import files, gpu, job, tables
from cellpheno.classification.backbones import load
from cellpheno.classification.inference import classify

job.start(snakemake)
detections = tables.read(snakemake.input.detections, tables.DETECTIONS)
with gpu.device(snakemake) as device:
    trained = load(snakemake.input.model, device, snakemake.params.precision)
    predictions, features = classify(
        trained, snakemake.input.shard, detections, snakemake.params.inference["four_flips"], device
    )
with files.whole(snakemake.output.features) as temporary:
    np.save(temporary, features)
searched = tables.searched(snakemake.input.detections)
tables.write(predictions, snakemake.output.predictions, tables.PREDICTIONS, searched)
