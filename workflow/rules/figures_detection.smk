# Figures of what the detector has learned; read only where there is one.


rule plot_found_and_missed:
    """Draw annotated fields next to what the detector finds, misses and makes up (2A, 2B)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        detections=collect("results/{{study}}/detections/{shard}.parquet", shard=SHARDS),
        detection_metrics=DETECTION_METRICS,
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        pdf="results/{study}/figures/found_and_missed.pdf",
        png=report(
            "results/{study}/figures/found_and_missed.png",
            caption="../report/found_and_missed.rst",
            category="Detection",
            labels={"figure": "found and missed"},
        ),
    log:
        "logs/{study}/plot_found_and_missed.log",
    benchmark:
        "results/{study}/benchmarks/plot_found_and_missed.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        min_score=lookup("calls/min_score", within=config),
        classes=DETECTED_CLASSES,
        # the first channel that the composite does not show, such as bright field next to dyes
        alone=next((c for c in CHANNELS if c not in inputs.composite(config)), ""),
        palette=PALETTE,
        code=code_id("plot_found_and_missed.py"),
    script:
        "../scripts/plot_found_and_missed.py"


rule plot_detection:
    """Draw the detector's training and its metrics (figure 2C)."""
    input:
        history=f"results/{{study}}/detector/{DETECTORS[0]}/history.tsv",
        metrics="results/{study}/metrics/detection.tsv",
    output:
        pdf="results/{study}/figures/detection.pdf",
        png=report(
            "results/{study}/figures/detection.png",
            caption="../report/detection.rst",
            category="Detection",
            labels={"figure": "detector"},
        ),
    log:
        "logs/{study}/plot_detection.log",
    benchmark:
        "results/{study}/benchmarks/plot_detection.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        code=code_id("plot_detection.py"),
    script:
        "../scripts/plot_detection.py"
