"""Measure detection and classification on each cell line, plate or patient by itself (A42)."""

from cellpheno import cutoff, job, subsets, tables

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = tables.read(inputs.splits, tables.SPLITS)
fields = subsets.unseen(
    tables.read(inputs.fields, tables.QUALITY),
    splits,
    tables.read(inputs.annotated, tables.ANNOTATED_FIELDS),
    params.group,
)
boxes = tables.read(inputs.boxes, tables.BOXES)
searched = splits["field"], inputs.splits
metrics = subsets.evaluate(
    fields,
    params.columns,
    tables.read_searched(inputs.detections, tables.DETECTIONS, *searched),
    boxes[boxes["label"].isin(params.detected)],
    tables.read_searched([inputs.cells], tables.CELLS, *searched),
    cutoff.minimum_score(params.min_score, inputs.detection_metrics),
    params.classes,
    params.groups,
    params.seed,
)
tables.write(metrics, snakemake.output.metrics, tables.SUBSET_METRICS)
