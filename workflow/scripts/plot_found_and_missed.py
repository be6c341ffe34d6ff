"""Draw annotated fields next to what the detector finds, misses and invents (2A, 2B)."""

from cellpheno.core import job
from cellpheno.detection import score_cutoff
from cellpheno.figures import style
from cellpheno.figures.detection import found_and_missed
from cellpheno.images import store
from cellpheno.splits.usable_fields import completely_annotated
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
inputs = snakemake.input
annotated = storage.read(inputs.boxes, BOXES)
annotated = annotated[annotated["label"].isin(snakemake.params.classes)]
assigned = storage.read(inputs.splits, SPLITS)
splits = completely_annotated(assigned)
fields = found_and_missed.choose(annotated, storage.read(inputs.quality, QUALITY), splits)
images = {field: image for shard in inputs.shards for field, image in store.read(shard, fields)}
channel = snakemake.params.alone
alone = {
    field: image[..., 0]
    for shard in (inputs.shards if channel else [])
    for field, image in store.read(shard, fields, [channel])
}
detected = storage.read_searched(inputs.detections, DETECTIONS, assigned["field"], inputs.splits)
lowest = score_cutoff.minimum_score(snakemake.params.min_score, inputs.detection_metrics)
detected = detected[detected["score"] > lowest]
split_of = splits.set_index("field")["split"]
examples = [
    found_and_missed.Example(
        field,
        split_of[field],
        images[field],
        annotated[annotated["field"] == field],
        detected[detected["field"] == field],
        alone.get(field),
    )
    for field in fields
]
figure = found_and_missed.draw(examples, style.Palette(**snakemake.params.palette), channel)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
