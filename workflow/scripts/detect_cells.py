"""Detect the cells of a shard of fields with the trained detector (A18, A20)."""

from cellpheno.core import gpu, job
from cellpheno.core.progress import track
from cellpheno.detection import inference
from cellpheno.detection.backends import registry
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
quality = storage.read(snakemake.input.quality, QUALITY)
shard = snakemake.input.fields
usable = inference.usable(quality, store.names(shard))
with gpu.device(snakemake) as device:
    detector = registry.load(snakemake.input.model, device, snakemake.params.precision)
    detections = inference.detect_fields(
        detector,
        track(store.read(shard, usable, detector.channels), "fields", total=len(usable)),
        inference.Settings(**snakemake.params.inference),
        device,
    )
storage.write(detections, snakemake.output.detections, DETECTIONS, searched=usable)
if snakemake.output.get("warnings"):
    job.save_warnings(snakemake)
