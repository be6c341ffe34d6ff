"""Run every detector on the held-out fields and time it (A22, A24)."""

from cellpheno.core import gpu, job
from cellpheno.core.progress import track
from cellpheno.detection import comparison, inference
from cellpheno.detection.backends import registry
from cellpheno.images import store
from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables import storage
from cellpheno.tables.cells import COMPARED_DETECTIONS, DETECTOR_SPEED
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
precision = snakemake.params.precision
quality = storage.read(snakemake.input.quality, QUALITY)
splits = storage.read(snakemake.input.splits, SPLITS)
names = in_splits(quality, splits, ["val", "test"])["field"].tolist()
with gpu.device(snakemake) as device:
    detectors = {
        name: (registry.load(model, device, precision), inference.Settings(**settings))
        for model, (name, settings) in zip(
            snakemake.input.models, snakemake.params.inference.items(), strict=True
        )
    }
    channels = list({name: None for each, _ in detectors.values() for name in each.channels})
    images = (
        field for shard in snakemake.input.fields for field in store.read(shard, names, channels)
    )
    found, speed = comparison.detect_with_each(
        detectors, track(images, "fields", total=len(names)), channels, device
    )
storage.write(found, snakemake.output.detections, COMPARED_DETECTIONS)
storage.write(speed, snakemake.output.speed, DETECTOR_SPEED)
if snakemake.output.get("warnings"):
    job.save_warnings(snakemake)
