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


if PLANTED_FREQUENCIES:

    rule compare_planted_frequencies:
        """Compare planted and called frequencies of each condition and class."""
        input:
            frequencies="results/{study}/statistics/frequencies.tsv",
            truth="results/{study}/simulation/truth.parquet",
        output:
            table=report(
                "results/{study}/statistics/planted_frequencies.tsv",
                caption="../report/planted_frequencies.rst",
                category="Comparison of conditions",
                labels={"figure": "planted frequencies (table)"},
            ),
        log:
            "logs/{study}/compare_planted_frequencies.log",
        benchmark:
            "results/{study}/benchmarks/compare_planted_frequencies.tsv"
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(1000),
            runtime=longer(10),
        params:
            planted=lookup("simulation/frequencies", within=config),
            classes=lookup("classes", within=config),
            groups=lookup("class_groups", within=config),
            excluded=lookup("statistics/exclude_classes", within=config),
            negative_class=lookup("negative_class", within=config),
            code=code_id("compare_planted_frequencies.py"),
        script:
            "../scripts/compare_planted_frequencies.py"
