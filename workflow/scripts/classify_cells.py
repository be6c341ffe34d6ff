"""Classify the detected cells of a shard and keep their pooled features (A34)."""

import numpy as np

from cellpheno.classification.inference import Settings, classify
from cellpheno.core import files, gpu, job
from cellpheno.networks.backbones import load
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTIONS, PREDICTIONS

job.start(snakemake)
detections = storage.read(snakemake.input.detections, DETECTIONS)
with gpu.device(snakemake) as device:
    trained = load(snakemake.input.model, device, snakemake.params.precision)
    predictions, features = classify(
        trained, snakemake.input.shard, detections, Settings(**snakemake.params.inference), device
    )
with files.whole(snakemake.output.features) as temporary:
    np.save(temporary, features)
searched = storage.searched(snakemake.input.detections)
storage.write(predictions, snakemake.output.predictions, PREDICTIONS, searched)
