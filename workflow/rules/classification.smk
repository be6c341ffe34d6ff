def learns_from_detections(wildcards):
    """Whether the experiment's crops are those of the detector's boxes."""
    return experiment_settings("crops")(wildcards)["source"] == "detections"


def classifier_weights(wildcards):
    """The file of weights that the experiment starts from, if any."""
    return experiment_settings("model")(wildcards)["weights"] or []


def checkpoint_folder(wildcards):
    """Beside the declared outputs, which are deleted when a job fails."""
    return "results/{study}/classifier/{experiment}/seed{seed}/checkpoints".format(
        **wildcards
    )


# metrics that hold the lowest detector score, unless the config gives it
detection_metrics = branch(
    config["calls"]["min_score"] == "auto",
    then="results/{study}/metrics/detection.tsv",
    otherwise=[],
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
            learns_from_detections, then=detection_metrics, otherwise=[]
        ),
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
        runtime=60,
    params:
        crops=experiment_settings("crops"),
        min_score=lookup("calls/min_score", within=config),
        code=code_id("cut_crops.py"),
    script:
        "../scripts/cut_crops.py"


rule train_classifier:
    """Train a classifier on the crops (A30, A31)."""
    input:
        crops="results/{study}/crops/{experiment}.npy",
        table="results/{study}/crops/{experiment}.parquet",
        weights=classifier_weights,
    output:
        model="results/{study}/classifier/{experiment}/seed{seed}/model.pt",
        history="results/{study}/classifier/{experiment}/seed{seed}/history.tsv",
    log:
        "logs/{study}/train_classifier/{experiment}_seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/train_classifier/{experiment}_seed{seed}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=1440,
    params:
        crops=experiment_settings("crops"),
        model=experiment_settings("model"),
        training=experiment_settings("training"),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config),
        seed=lookup("seed", within=config),
        checkpoints=checkpoint_folder,
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
        runtime=240,
    params:
        inference=experiment_settings("inference"),
        code=code_id("classify_cells.py"),
    script:
        "../scripts/classify_cells.py"


rule call_cells:
    """Call the class of every detected cell of the study (A36, A37)."""
    input:
        predictions=collect(
            "results/{{study}}/predictions/{experiment}/seed{seed}/{shard}.parquet",
            experiment=EXPERIMENTS[0],
            seed=SEEDS,
            shard=SHARDS,
        ),
        detection_metrics=detection_metrics,
        fields="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
    output:
        cells="results/{study}/cells.parquet",
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
        runtime=60,
    params:
        calls=lookup("calls", within=config),
        classes=lookup("classes", within=config),
        negative_class=lookup("negative_class", within=config),
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
        runtime=60,
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
        runtime=60,
    params:
        grad_cam=lookup("grad_cam", within=config),
        classes=lookup("classes", within=config),
        code=code_id("explain_cells.py"),
    script:
        "../scripts/explain_cells.py"
