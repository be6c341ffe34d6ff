# Figures of what the detector has learned.


use rule figure as plot_found_and_missed with:
    """Draw annotated fields next to what the detector finds, misses and makes up (2A, 2B)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        detections=collect("results/{{study}}/detections/{shard}.parquet", shard=SHARDS),
        detection_metrics=DETECTION_METRICS,
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        **drawn("found_and_missed", "Detection", "found and missed"),
    pathvars:
        figure="found_and_missed",
    params:
        **drawn_by("plot_found_and_missed"),
        min_score=lookup("calls/min_score", within=config),
        classes=DETECTED_CLASSES,
        # the first channel that the composite does not show, such as bright field next to dyes
        alone=next(
            (c for c in config["channels"] if c not in inputs.composite(config)), ""
        ),
        palette=PALETTE,


use rule figure as plot_detection with:
    """Draw the detector's training and its metrics (figure 2C)."""
    input:
        history=f"results/{{study}}/detector/{DETECTORS[0]}/history.tsv",
        metrics="results/{study}/metrics/detection.tsv",
    output:
        **drawn("detection", "Detection", "detector"),
    pathvars:
        figure="detection",
    params:
        **drawn_by("plot_detection"),


use rule figure as plot_call_agreement with:
    """Draw average precision by class, and called against annotated cells of each field."""
    input:
        metrics="results/{study}/metrics/calls.tsv",
        cells="results/{study}/cells.parquet",
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
    output:
        **drawn("call_agreement", "Calls", "called against annotated cells"),
    pathvars:
        figure="call_agreement",
    params:
        **drawn_by("plot_call_agreement"),
        palette=PALETTE,
