RESULTS += results("detections/{shard}.parquet", shard=SHARDS)
RESULTS += results("metrics/detection.tsv")
RESULTS += results(
    "tiles/{network_input}",
    network_input=sorted(
        {configuration.detector(config, name)["input"] for name in DETECTORS}
    ),
)
RESULTS += results(
    "detector/{detector}/model.pt",
    "detector/{detector}/history.tsv",
    detector=sorted({detection.trained_as(config, name) for name in DETECTORS}),
)
# fields in which cells may be missing, where these are no error
FULL_FIELDS = (
    {"warnings": "results/{study}/warnings/detect_cells/{shard}.tsv"}
    if keeps_best(DETECTORS[0])
    else {}
)
WARNINGS += collect(list(FULL_FIELDS.values()), study=STUDY, shard=SHARDS)


rule cut_tiles:
    """Cut the annotated fields into tiles of one input's channels, a COCO data set (A13)."""
    input:
        fields=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        splits="results/{study}/splits.tsv",
        plan=PLANNED,
    output:
        tiles=directory("results/{study}/tiles/{network_input}"),
    log:
        "logs/{study}/cut_tiles/{network_input}.log",
    benchmark:
        "results/{study}/benchmarks/cut_tiles/{network_input}.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        **planned(tiles=lambda config, _: config["tiles"]),
        channels=lambda wildcards: inputs.channels(config, wildcards.network_input),
        code=code_id("cut_tiles.py"),
    script:
        "../scripts/cut_tiles.py"


rule train_detector:
    """Train the detector on the tiles (A14 to A17)."""
    input:
        tiles=detector_tiles,
        # a training waits for the leak gate, and is not done again because of it
        leaks=ancient("results/{study}/leaks.tsv"),
        weights=detector_weights,
        checked=ancient(CHECKED_WEIGHTS),
        plan=PLANNED,
    output:
        model="results/{study}/detector/{detector}/model.pt",
        history="results/{study}/detector/{detector}/history.tsv",
    log:
        "logs/{study}/train_detector/{detector}.log",
    benchmark:
        "results/{study}/benchmarks/train_detector/{detector}.tsv"
    conda:
        detector_environment
    threads: config["compute"]["threads"]
    resources:
        gpu=config["compute"]["gpus_per_training"],
        mem_mb=scaled(4000),
        runtime=longer(1440),
    params:
        **planned(model=detector_part("model"), training=detector_part("training")),
        channels=detector_channels,
        classes=lambda wildcards: detection.detected_classes(config, wildcards.detector),
        # another scale is no reason to train the detector again
        inference=after_plan(detector_part("inference")),
        seed=lookup("seed", within=config),
        # next to the declared outputs, which are deleted when a job fails
        checkpoints=lambda wildcards: (
            f"results/{wildcards.study}/detector/{wildcards.detector}/checkpoints"
        ),
        threads=lookup("compute/threads", within=config),
        precision=lookup("compute/precision", within=config),
        code=detector_code("train_detector.py"),
    script:
        "../scripts/train_detector.py"


rule detect_cells:
    """Detect the cells of a shard of fields with the trained detector (A18, A20)."""
    input:
        fields="results/{study}/converted/{shard}.npz",
        quality="results/{study}/qc/fields.tsv",
        model=f"results/{{study}}/detector/{DETECTORS[0]}/model.pt",
        plan=PLANNED,
    output:
        **FULL_FIELDS,
        detections="results/{study}/detections/{shard}.parquet",
    log:
        "logs/{study}/detect_cells/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/detect_cells/{shard}.tsv"
    conda:
        detector_environment
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(6000),
        runtime=longer(240),
    params:
        **planned(inference=detector_part("inference", DETECTORS[0])),
        threads=lookup("compute/threads", within=config),
        precision=lookup("compute/precision", within=config),
        code=detector_code("detect_cells.py"),
    script:
        "../scripts/detect_cells.py"


rule evaluate_detection:
    """Measure how well the detector finds the annotated cells of val and test (A21)."""
    input:
        detections=collect("results/{{study}}/detections/{shard}.parquet", shard=SHARDS),
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        splits="results/{study}/splits.tsv",
        plan=PLANNED,
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
        runtime=longer(30),
    params:
        **planned(model=detector_part("model", DETECTORS[0])),
        classes=DETECTED_CLASSES,
        min_score=configuration.detector(config, DETECTORS[0])["inference"]["min_score"],
        seed=lookup("seed", within=config),
        code=code_id("evaluate_detection.py"),
    script:
        "../scripts/evaluate_detection.py"
