# outputs carry no wildcards: the channel files are named by the sample sheet
SIMULATED_ANNOTATIONS = simulated_files.annotations(config, ANNOTATORS)
RESULTS += SIMULATED_ANNOTATIONS
RESULTS += results("simulation/truth.parquet")
# only planted errors can be counted
RESULTS += results(
    "label_errors/found.tsv",
    wanted=config["label_errors"]["enabled"] and config["simulation"]["label_errors"],
)


rule simulate_study:
    """Simulate the raw images and annotations of a study whose truth is known (A49-A52)."""
    input:
        fields=config["fields"],
    output:
        raw=simulated_files.images(config, fields),
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


rule evaluate_label_errors:
    """Count how many of the planted label errors are listed."""
    input:
        cells="results/{study}/label_errors/cells.parquet",
        truth="results/{study}/simulation/truth.parquet",
    output:
        found="results/{study}/label_errors/found.tsv",
    log:
        "logs/{study}/evaluate_label_errors.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_label_errors.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        code=code_id("evaluate_label_errors.py"),
    script:
        "../scripts/evaluate_label_errors.py"
