"""Measure detection and classification on each cell line, plate or patient by itself (A42)."""

from cellpheno import cutoff, job, subsets, tables

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
fields = subsets.unseen(
    tables.read(inputs.fields, tables.QUALITY),
    tables.read(inputs.splits, tables.SPLITS),
    tables.read(inputs.annotated, tables.ANNOTATED_FIELDS),
    params.group,
)
boxes = tables.read(inputs.boxes, tables.BOXES)
shards = [tables.read(path, tables.DETECTIONS) for path in inputs.detections]
metrics = subsets.evaluate(
    fields,
    params.columns,
    tables.concatenate(shards, tables.DETECTIONS),
    boxes[boxes["label"].isin(params.detected)],
    tables.read(inputs.cells, tables.CELLS),
    cutoff.minimum_score(params.min_score, inputs.detection_metrics),
    params.classes,
    params.groups,
    params.seed,
)
tables.write(metrics, snakemake.output.metrics, tables.SUBSET_METRICS)
