# How well the target class is found, at the level of cells and of whole images; read only where the
# config names one (`calls.target`).
RESULTS += results("metrics/cell_level.tsv", "metrics/cell_confusion.tsv")
RESULTS += results(
    "metrics/image_level.tsv", "metrics/fusion_weights.tsv", wanted=bool(DETECTORS)
)
PAIRS += results(
    "metrics/pairs/target_cells.tsv",
    wanted=len(EXPERIMENTS) > 1 or expansion.BACKBONES in DESIGNS,
)
PAIRS += results("metrics/pairs/target_images.tsv", wanted=bool(DETECTORS))
JUDGED = collect(
    "results/{{study}}/judged/{experiment}/seed{seed}.parquet",
    experiment=TRAINED,
    seed=SEEDS,
)


rule judge_boxes:
    """Classify the annotated and the detected boxes of held-out fields (C50, C53)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
        compared=branch(
            len(DETECTORS) > 1,
            then="results/{study}/detector/compared.parquet",
            otherwise=[],
        ),
        detections=branch(
            len(DETECTORS) == 1,
            then=collect("results/{{study}}/detections/{shard}.parquet", shard=SHARDS),
            otherwise=[],
        ),
        model="results/{study}/classifier/{experiment}/seed{seed}/model.pt",
    output:
        judged="results/{study}/judged/{experiment}/seed{seed}.parquet",
    log:
        "logs/{study}/judge_boxes/{experiment}_seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/judge_boxes/{experiment}_seed{seed}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=longer(240),
    params:
        detectors=lambda wildcards: judged_detectors(wildcards.experiment),
        inference=experiment_settings("inference"),
        precision=lookup("compute/precision", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("judge_boxes.py"),
    script:
        "../scripts/judge_boxes.py"


rule evaluate_cell_level:
    """Measure how well annotated cells of the target class are separated from the rest (C50, C55)."""
    input:
        judged=JUDGED,
        splits="results/{study}/splits.tsv",
    output:
        metrics="results/{study}/metrics/cell_level.tsv",
        confusion="results/{study}/metrics/cell_confusion.tsv",
        compared="results/{study}/metrics/pairs/target_cells.tsv",
    log:
        "logs/{study}/evaluate_cell_level.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_cell_level.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(60),
    params:
        classes=lookup("classes", within=config),
        target=TARGET,
        report_on=lookup("evaluation/report_on", within=config),
        families={
            "classifiers": EXPERIMENTS,
            **{
                f"backbones of {base}": [
                    member.experiment
                    for member in DESIGNS.get(expansion.BACKBONES, [])
                    if member.base == base
                ]
                for base in EXPERIMENTS
            },
        },
        margin=lookup("evaluation/equivalence_margin", within=config),
        code=code_id("evaluate_cell_level.py"),
    script:
        "../scripts/evaluate_cell_level.py"


rule evaluate_image_level:
    """Measure how well cells of the target class are found in whole images (C33 to C35, C54)."""
    input:
        judged=JUDGED,
        splits="results/{study}/splits.tsv",
    output:
        metrics="results/{study}/metrics/image_level.tsv",
        weights="results/{study}/metrics/fusion_weights.tsv",
        compared="results/{study}/metrics/pairs/target_images.tsv",
    log:
        "logs/{study}/evaluate_image_level.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_image_level.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(240),
    params:
        calls=lookup("calls", within=config),
        pairs={name: judged_detectors(name) for name in EXPERIMENTS},
        # of these, only the weight that the calls use is measured
        designed={name: judged_detectors(name) for name in DESIGNED},
        weights=lookup("evaluation/weights", within=config),
        margin=lookup("evaluation/equivalence_margin", within=config),
        report_on="test",
        code=code_id("evaluate_image_level.py"),
    script:
        "../scripts/evaluate_image_level.py"
