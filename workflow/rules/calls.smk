RESULTS += results("cells.parquet", wanted=CALLED)
RESULTS += results("metrics/thresholds.tsv", wanted=SEVERAL_CLASSES)
# what people have drawn is found by itself, and patches of a grid are no cells
RESULTS += results("metrics/calls.tsv", wanted=bool(DETECTORS))
WARNINGS += results("warnings/call_cells.tsv", wanted=CALLED)


rule call_cells:
    """Call the class of every detected cell of the study (A36, A37)."""
    input:
        predictions=collect(
            "results/{{study}}/predictions/{experiment}/seed{seed}/{shard}.parquet",
            experiment=EXPERIMENTS[:1],
            seed=SEEDS,
            shard=SHARDS,
        ),
        # called as they are, where there is one class
        detections=branch(
            SEVERAL_CLASSES,
            then=[],
            otherwise=collect(
                "results/{{study}}/detections/{shard}.parquet", shard=SHARDS
            ),
        ),
        detection_metrics=DETECTION_METRICS,
        weights=branch(
            config["calls"]["classifier_weight"] == "learnt",
            then="results/{study}/metrics/fusion_weights.tsv",
            otherwise=[],
        ),
        fields="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
    output:
        cells="results/{study}/cells.parquet",
        warnings="results/{study}/warnings/call_cells.tsv",
    log:
        "logs/{study}/call_cells.log",
    benchmark:
        "results/{study}/benchmarks/call_cells.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        calls=lookup("calls", within=config),
        classes=lookup("classes", within=config),
        negative_class=lookup("negative_class", within=config),
        experiment=next(iter(EXPERIMENTS), None),
        detector=(DETECTORS or [None])[0],
        code=code_id("call_cells.py"),
    script:
        "../scripts/call_cells.py"


rule evaluate_calls:
    """Measure called cells against annotated ones: AP by class, cells per field."""
    input:
        cells="results/{study}/cells.parquet",
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
    output:
        metrics="results/{study}/metrics/calls.tsv",
    log:
        "logs/{study}/evaluate_calls.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_calls.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        classes=lookup("classes", within=config),
        code=code_id("evaluate_calls.py"),
    script:
        "../scripts/evaluate_calls.py"


rule sweep_thresholds:
    """Call the annotated cells by both decision rules at every threshold (A36, A37)."""
    input:
        cells="results/{study}/cells.parquet",
    output:
        thresholds="results/{study}/metrics/thresholds.tsv",
    log:
        "logs/{study}/sweep_thresholds.log",
    benchmark:
        "results/{study}/benchmarks/sweep_thresholds.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(30),
    params:
        classes=lookup("classes", within=config),
        negative_class=lookup("negative_class", within=config),
        groups=lookup("class_groups", within=config),
        code=code_id("sweep_thresholds.py"),
    script:
        "../scripts/sweep_thresholds.py"
