WARNINGS += [f"results/{STUDY}/warnings/call_cells.tsv"]
WARNINGS += [f"results/{STUDY}/warnings/evaluate_classification.tsv"]
WARNINGS += [f"results/{STUDY}/warnings/explain_cells.tsv"]


rule call_cells:
    """Call the class of every detected cell of the study (A36, A37)."""
    input:
        predictions=collect(
            "results/{{study}}/predictions/{experiment}/seed{seed}/{shard}.parquet",
            experiment=EXPERIMENTS[0],
            seed=SEEDS,
            shard=SHARDS,
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
        experiment=EXPERIMENTS[0],
        detector=(DETECTORS or [None])[0],
        code=code_id("call_cells.py"),
    script:
        "../scripts/call_cells.py"


rule evaluate_classification:
    """Measure the classifiers on the annotated cells of held-out fields (A38)."""
    input:
        cells="results/{study}/cells.parquet",
        predictions=collect(
            "results/{{study}}/predictions/{experiment}/seed{seed}/{shard}.parquet",
            experiment=EXPERIMENTS,
            seed=SEEDS,
            shard=SHARDS,
        ),
    output:
        metrics="results/{study}/metrics/classification.tsv",
        roc="results/{study}/metrics/roc.parquet",
        confusion="results/{study}/metrics/confusion.tsv",
        warnings="results/{study}/warnings/evaluate_classification.tsv",
    log:
        "logs/{study}/evaluate_classification.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_classification.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        rule=lookup("calls/rule", within=config),
        threshold=lookup("calls/threshold", within=config),
        classes=lookup("classes", within=config),
        negative_class=lookup("negative_class", within=config),
        groups=lookup("class_groups", within=config),
        seed=lookup("seed", within=config),
        code=code_id("evaluate_classification.py"),
    script:
        "../scripts/evaluate_classification.py"


rule explain_cells:
    """Show by Grad-CAM what the calls of annotated cells rest on."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells="results/{study}/cells.parquet",
        model=f"results/{{study}}/classifier/{EXPERIMENTS[0]}/seed{SEEDS[0]}/model.pt",
    output:
        cells="results/{study}/grad_cam/cells.parquet",
        maps="results/{study}/grad_cam/maps.npz",
        warnings="results/{study}/warnings/explain_cells.tsv",
    log:
        "logs/{study}/explain_cells.log",
    benchmark:
        "results/{study}/benchmarks/explain_cells.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=longer(60),
    params:
        grad_cam=lookup("grad_cam", within=config),
        classes=lookup("classes", within=config),
        seed=lookup("seed", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("explain_cells.py"),
    script:
        "../scripts/explain_cells.py"


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
        seed=lookup("seed", within=config),
        code=code_id("evaluate_calls.py"),
    script:
        "../scripts/evaluate_calls.py"
