RESULTS += results(
    "crops/{experiment}.npy",
    "crops/{experiment}.parquet",
    experiment=sorted({experiments.crops_as(config, name) for name in TRAINED}),
)
RESULTS += results(
    "classifier/{experiment}/seed{seed}/model.pt",
    "classifier/{experiment}/seed{seed}/history.tsv",
    experiment=TRAINED,
    seed=SEEDS,
)
RESULTS += results(
    "predictions/{experiment}/seed{seed}/{shard}.parquet",
    "predictions/{experiment}/seed{seed}/{shard}.features.npy",
    experiment=EXPERIMENTS,
    seed=SEEDS,
    shard=SHARDS,
)
RESULTS += results("benchmarks/classifiers.tsv")
WARNINGS += results(
    "warnings/train_classifier/{experiment}_seed{seed}.tsv",
    experiment=TRAINED,
    seed=SEEDS,
)


rule cut_crops:
    """Cut the crops of the annotated cells (A10, A25 to A28)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
        detections=branch(
            learns_from_detections,
            then=collect("results/{{study}}/detections/{shard}.parquet", shard=SHARDS),
            otherwise=[],
        ),
        detection_metrics=branch(
            learns_from_detections, then=DETECTION_METRICS, otherwise=[]
        ),
        plan=PLANNED,
    output:
        crops="results/{study}/crops/{experiment}.npy",
        table="results/{study}/crops/{experiment}.parquet",
    log:
        "logs/{study}/cut_crops/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/cut_crops/{experiment}.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        **planned(crops=experiment_part("crops")),
        channels=experiment_channels,
        min_score=branch(
            learns_from_detections, then=config["calls"]["min_score"], otherwise=None
        ),
        code=code_id("cut_crops.py"),
    script:
        "../scripts/cut_crops.py"


rule train_classifier:
    """Train a classifier on the crops (A30, A31)."""
    input:
        crops=crops_file("npy"),
        table=crops_file("parquet"),
        leaks=leaks_files,
        weights=classifier_weights,
        checked=ancient(CHECKED_WEIGHTS),
        fields=sheet_for_training,
        guessed=guessed_cells,
        plan=PLANNED,
    output:
        model="results/{study}/classifier/{experiment}/seed{seed}/model.pt",
        history="results/{study}/classifier/{experiment}/seed{seed}/history.tsv",
        warnings="results/{study}/warnings/train_classifier/{experiment}_seed{seed}.tsv",
        # not among the results that are the same whenever they are made
        cost="results/{study}/benchmarks/classifiers/{experiment}_seed{seed}.tsv",
    log:
        "logs/{study}/train_classifier/{experiment}_seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/train_classifier/{experiment}_seed{seed}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=config["compute"]["gpus_per_training"],
        mem_mb=scaled(4000),
        runtime=longer(1440),
    params:
        **planned(
            crops=experiment_part("crops"),
            model=experiment_part("model"),
            training=experiment_part("training"),
        ),
        network_input=experiment_settings("input"),
        channels=experiment_channels,
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config),
        negative_class=lookup("negative_class", within=config),
        target=TARGET,
        seed=lookup("seed", within=config),
        # next to the declared outputs, which are deleted when a job fails
        checkpoints=lambda wildcards: "results/{study}/classifier/{experiment}/seed{seed}/checkpoints".format(
            **wildcards
        ),
        threads=lookup("compute/threads", within=config),
        precision=lookup("compute/precision", within=config),
        compile=lookup("compute/compile", within=config),
        code=code_id("train_classifier.py"),
    script:
        "../scripts/train_classifier.py"


rule classify_cells:
    """Classify the detected cells of a shard and keep their pooled features (A34)."""
    input:
        shard="results/{study}/converted/{shard}.npz",
        detections="results/{study}/detections/{shard}.parquet",
        model="results/{study}/classifier/{experiment}/seed{seed}/model.pt",
    output:
        predictions="results/{study}/predictions/{experiment}/seed{seed}/{shard}.parquet",
        features="results/{study}/predictions/{experiment}/seed{seed}/{shard}.features.npy",
    log:
        "logs/{study}/classify_cells/{experiment}_seed{seed}_{shard}.log",
    benchmark:
        "results/{study}/benchmarks/classify_cells/{experiment}_seed{seed}_{shard}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=longer(240),
    params:
        inference=experiment_settings("inference"),
        threads=lookup("compute/threads", within=config),
        precision=lookup("compute/precision", within=config),
        code=code_id("classify_cells.py"),
    script:
        "../scripts/classify_cells.py"


rule list_classifiers:
    """List the parameters and the training time of every classifier (C52)."""
    input:
        costs=collect(
            "results/{{study}}/benchmarks/classifiers/{experiment}_seed{seed}.tsv",
            experiment=TRAINED,
            seed=SEEDS,
        ),
    output:
        "results/{study}/benchmarks/classifiers.tsv",
    log:
        "logs/{study}/list_classifiers.log",
    benchmark:
        "results/{study}/benchmarks/list_classifiers.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(10),
    params:
        code=code_id("list_classifiers.py"),
    script:
        "../scripts/list_classifiers.py"
