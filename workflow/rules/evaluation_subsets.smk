# The networks on each cell line, plate or patient by itself; read where the config asks for it.
RESULTS += results("metrics/subsets.tsv")


rule evaluate_subsets:
    """Measure detection and classification on unseen fields, by columns of the sheet (A42)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        detections=collect("results/{{study}}/detections/{shard}.parquet", shard=SHARDS),
        detection_metrics=DETECTION_METRICS,
        cells="results/{study}/cells.parquet",
    output:
        metrics="results/{study}/metrics/subsets.tsv",
    log:
        "logs/{study}/evaluate_subsets.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_subsets.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        columns=lookup("evaluation/by", within=config),
        group=lookup("splits/by", within=config),
        min_score=lookup("calls/min_score", within=config),
        detected=DETECTED_CLASSES,
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config),
        code=code_id("evaluate_subsets.py"),
    script:
        "../scripts/evaluate_subsets.py"


use rule figure as plot_subsets with:
    """Draw detection and classification by columns of the sheet, with fields (figure S5)."""
    input:
        metrics="results/{study}/metrics/subsets.tsv",
        fields="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        cells="results/{study}/cells.parquet",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        **drawn(
            "subsets",
            "Classification" if SEVERAL_CLASSES else "Detection",
            "by column of the sample sheet",
        ),
    pathvars:
        figure="subsets",
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(20),
    params:
        **drawn_by("plot_subsets"),
        columns=lookup("evaluation/by", within=config),
        group=lookup("splits/by", within=config),
        palette=PALETTE,
