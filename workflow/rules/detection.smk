rule cut_tiles:
    """Cut the annotated fields into tiles, a COCO data set (A13)."""
    input:
        fields=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
    output:
        tiles=directory("results/{study}/tiles"),
    log:
        "logs/{study}/cut_tiles.log",
    benchmark:
        "results/{study}/benchmarks/cut_tiles.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=60,
    params:
        tiles=lookup("tiles", within=config),
        code=code_id("cut_tiles.py"),
    script:
        "../scripts/cut_tiles.py"


rule train_detector:
    """Train the detector on the tiles (A14 to A17)."""
    input:
        tiles="results/{study}/tiles",
        weights=lookup("detection/model/weights", within=config) or [],
    output:
        model="results/{study}/detector/model.pt",
        history="results/{study}/detector/history.tsv",
    log:
        "logs/{study}/train_detector.log",
    benchmark:
        "results/{study}/benchmarks/train_detector.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=1440,
    params:
        model=lookup("detection/model", within=config),
        training=lookup("detection/training", within=config),
        seed=lookup("seed", within=config),
        checkpoints=lambda wildcards: f"results/{wildcards.study}/detector/checkpoints",
        threads=lookup("compute/threads", within=config),
        code=code_id("train_detector.py"),
    script:
        "../scripts/train_detector.py"


rule detect_cells:
    """Detect the cells of a shard of fields with the trained detector (A18, A20)."""
    input:
        fields="results/{study}/converted/{shard}.npz",
        quality="results/{study}/qc/fields.tsv",
        model="results/{study}/detector/model.pt",
    output:
        detections="results/{study}/detections/{shard}.parquet",
    log:
        "logs/{study}/detect_cells/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/detect_cells/{shard}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(6000),
        runtime=240,
    params:
        inference=lookup("detection/inference", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("detect_cells.py"),
    script:
        "../scripts/detect_cells.py"


rule evaluate_detection:
    """Measure how well the detector finds the annotated cells of val and test (A21)."""
    input:
        detections=collect("results/{{study}}/detections/{shard}.parquet", shard=SHARDS),
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
    output:
        metrics="results/{study}/metrics/detection.tsv",
    log:
        "logs/{study}/evaluate_detection.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_detection.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=30,
    params:
        model=lookup("detection/model", within=config),
        min_score=lookup("detection/inference/min_score", within=config),
        seed=lookup("seed", within=config),
        code=code_id("evaluate_detection.py"),
    script:
        "../scripts/evaluate_detection.py"
