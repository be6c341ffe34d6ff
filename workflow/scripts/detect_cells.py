"""Detect the cells of a shard of fields with the trained detector (A18, A20)."""

from cellpheno import gpu, job, tables
from cellpheno.detection import backends, inference
from cellpheno.images import store
from cellpheno.progress import track

job.start(snakemake)
quality = tables.read(snakemake.input.quality, tables.QUALITY)
shard = snakemake.input.fields
usable = inference.usable(quality, store.names(shard))
with gpu.device(snakemake) as device:
    detector = backends.load(snakemake.input.model, device, snakemake.params.precision)
    detections = inference.detect_fields(
        detector,
        track(store.read(shard, usable, detector.channels), "fields", total=len(usable)),
        inference.Settings(**snakemake.params.inference),
        device,
    )
tables.write(detections, snakemake.output.detections, tables.DETECTIONS, searched=usable)
if snakemake.output.get("warnings"):
    job.save_warnings(snakemake)
