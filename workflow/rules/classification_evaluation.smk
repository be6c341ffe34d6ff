RESULTS += results("metrics/classification.tsv", "metrics/confusion.tsv")
RESULTS += results("metrics/roc.parquet")
WARNINGS += results("warnings/evaluate_classification.tsv")
PAIRS += results("metrics/pairs/classification.tsv", wanted=len(EXPERIMENTS) > 1)


rule evaluate_classification:
    """Measure the classifiers on the annotated cells of held-out fields (A38)."""
    input:
        cells="results/{study}/cells.parquet",
        splits="results/{study}/splits.tsv",
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
        compared="results/{study}/metrics/pairs/classification.tsv",
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
        margin=lookup("evaluation/equivalence_margin", within=config),
        code=code_id("evaluate_classification.py"),
    script:
        "../scripts/evaluate_classification.py"


rule guess_unknown_cells:
    """Guess the classes of unknown cells with the classifiers trained without them (C39)."""
    input:
        crops=crops_file("npy"),
        table=crops_file("parquet"),
        models=collect(
            "results/{{study}}/classifier/{{experiment}}/seed{seed}/model.pt",
            seed=SEEDS,
        ),
    output:
        guessed="results/{study}/classifier/{experiment}/guessed.parquet",
    log:
        "logs/{study}/guess_unknown_cells/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/guess_unknown_cells/{experiment}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=longer(120),
    params:
        unknown_class=lambda wildcards: experiment_settings("training")(wildcards)[
            "unknown_class"
        ],
        inference=experiment_settings("inference"),
        precision=lookup("compute/precision", within=config),
        classes=lookup("classes", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("guess_unknown_cells.py"),
    script:
        "../scripts/guess_unknown_cells.py"
