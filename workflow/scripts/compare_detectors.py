"""Find the cells of the held-out fields with every detector, and take the time (A22, A24)."""

from cellpheno import gpu, job, tables
from cellpheno.detection import backends, comparison, inference
from cellpheno.fields import in_splits
from cellpheno.images import store
from cellpheno.progress import track

job.start(snakemake)
precision = snakemake.params.precision
quality = tables.read(snakemake.input.quality, tables.QUALITY)
splits = tables.read(snakemake.input.splits, tables.SPLITS)
names = in_splits(quality, splits, ["val", "test"])["field"].tolist()
with gpu.device(snakemake) as device:
    detectors = {
        name: (backends.load(model, device, precision), inference.Settings(**settings))
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
tables.write(found, snakemake.output.detections, tables.COMPARED_DETECTIONS)
tables.write(speed, snakemake.output.speed, tables.DETECTOR_SPEED)
if snakemake.output.get("warnings"):
    job.save_warnings(snakemake)
