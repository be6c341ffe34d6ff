"""Draw annotated fields next to what the detector finds, misses and makes up (2A, 2B)."""

from cellpheno import cutoff, job, tables
from cellpheno.fields import completely_annotated
from cellpheno.figures import found_and_missed, style
from cellpheno.images import store

job.start(snakemake)
inputs = snakemake.input

annotated = tables.read(inputs.boxes, tables.BOXES)
annotated = annotated[annotated["label"].isin(snakemake.params.classes)]
assigned = tables.read(inputs.splits, tables.SPLITS)
splits = completely_annotated(assigned)
fields = found_and_missed.choose(annotated, tables.read(inputs.quality, tables.QUALITY), splits)
images = {field: image for shard in inputs.shards for field, image in store.read(shard, fields)}
channel = snakemake.params.alone
alone = {
    field: image[..., 0]
    for shard in (inputs.shards if channel else [])
    for field, image in store.read(shard, fields, [channel])
}
detected = tables.read_searched(
    inputs.detections, tables.DETECTIONS, assigned["field"], inputs.splits
)
lowest = cutoff.minimum_score(snakemake.params.min_score, inputs.detection_metrics)
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
