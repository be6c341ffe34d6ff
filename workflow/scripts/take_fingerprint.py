"""Measure what settings follow from: the annotated fields, their cells, the machine."""

from cellpheno.core import gpu, job
from cellpheno.planning import fingerprint
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.planning import FINGERPRINT, NAMED_WEIGHTS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs = snakemake.input
with gpu.device(snakemake) as device:
    found = fingerprint.measure(
        storage.read(inputs.fields, QUALITY),
        storage.read(inputs.boxes, BOXES),
        storage.read(inputs.splits, SPLITS),
        gpu.memory_gib(device),
        storage.read(inputs.weights, NAMED_WEIGHTS) if inputs.weights else None,
    )
storage.write(found, snakemake.output[0], FINGERPRINT)
