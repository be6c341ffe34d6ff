# outputs carry no wildcards: the channel files are named by the sample sheet


rule simulate_study:
    """Simulate the raw images and annotations of a study whose truth is known (A49-A52)."""
    input:
        fields=config["fields"],
    output:
        raw=SIMULATED_IMAGES,
        annotations=(
            directory(SIMULATED_ANNOTATIONS)
            if config["annotations"]["format"] == "voc"
            else SIMULATED_ANNOTATIONS
        ),
        truth=f"results/{STUDY}/simulation/truth.parquet",
    log:
        f"logs/{STUDY}/simulate_study.log",
    benchmark:
        f"results/{STUDY}/benchmarks/simulate_study.tsv"
    conda:
        "../../envs/images.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(30),
    params:
        study=STUDY,
        rows=fields.to_dict("records"),
        settings=lookup("simulation", within=config),
        classes=lookup("classes", within=config),
        negative_class=lookup("negative_class", within=config),
        seed=lookup("seed", within=config),
        annotation_format=lookup("annotations/format", within=config),
        senior=lookup("annotations/annotator", within=config),
        code=code_id("simulate_study.py"),
    script:
        "../scripts/simulate_study.py"
