# Figures of called cells. Some need fields that take part in the comparison of conditions.


use rule figure as plot_thresholds with:
    """Draw what each decision rule finds at every threshold (A36, A37)."""
    input:
        thresholds="results/{study}/metrics/thresholds.tsv",
    output:
        **drawn(
            "thresholds",
            "Classification",
            "decision rules",
            wanted=SEVERAL_CLASSES,
        ),
    pathvars:
        figure="thresholds",
    params:
        **drawn_by("plot_thresholds"),
        palette=PALETTE,
        rule=lookup("calls/rule", within=config),
        threshold=lookup("calls/threshold", within=config),


use rule figure as plot_annotated_fields with:
    """Draw typical fields with a coloured box and a score for every called cell (A45 to A47)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells="results/{study}/cells.parquet",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        **drawn(
            "annotated_fields",
            "Calls",
            "fields with calls",
            wanted=COMPARED and CALLED,
        ),
    pathvars:
        figure="annotated_fields",
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(20),
    params:
        **drawn_by("plot_annotated_fields"),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        palette=PALETTE,


use rule figure as plot_class_shares with:
    """Draw the shares of the classes, annotated and called (figure 4A)."""
    input:
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
        quality="results/{study}/qc/fields.tsv",
        cells="results/{study}/cells.parquet",
    output:
        **drawn(
            "class_shares",
            "Calls",
            "shares of the classes",
            wanted=SEVERAL_CLASSES,
        ),
    pathvars:
        figure="class_shares",
    params:
        **drawn_by("plot_class_shares"),
        splits=lookup("statistics/splits", within=config),
        palette=PALETTE,


use rule figure as plot_gallery with:
    """Draw cells of each class side by side, as annotated (3A) or as called (4E)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells=branch(
            lambda wildcards: wildcards.source == "called",
            then="results/{study}/cells.parquet",
            otherwise="results/{study}/annotations/boxes.parquet",
        ),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        **drawn(
            "gallery_{source}",
            "Calls",
            "gallery of {source} cells",
            caption="gallery",
            source=["annotated", *(["called"] if COMPARED and CALLED else [])],
        ),
    pathvars:
        figure="gallery_{source}",
    wildcard_constraints:
        source="annotated|called",
    params:
        **drawn_by("plot_gallery"),
        called=lambda wildcards: wildcards.source == "called",
        splits=branch(
            lambda wildcards: wildcards.source == "called",
            then=config["statistics"]["splits"],
            otherwise=["train", "val", "test", "predict"],
        ),
        without=lookup("statistics/exclude_conditions", within=config),
        palette=PALETTE,
