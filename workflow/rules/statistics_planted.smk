# What was planted and what was measured; read only where the study is simulated.


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
        planted=lookup("simulation/frequencies", within=config, default={}),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config),
        excluded=lookup("statistics/exclude_classes", within=config),
        negative_class=lookup("negative_class", within=config),
        code=code_id("compare_planted_frequencies.py"),
    script:
        "../scripts/compare_planted_frequencies.py"


rule compare_planted_viability:
    """Compare the planted viability with the measured one of each condition and time."""
    input:
        viability="results/{study}/statistics/viability.tsv",
        truth="results/{study}/simulation/truth.parquet",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        table=report(
            "results/{study}/statistics/planted_viability.tsv",
            caption="../report/planted_viability.rst",
            category="Comparison of conditions",
            labels={"figure": "planted viability (table)"},
        ),
    log:
        "logs/{study}/compare_planted_viability.log",
    benchmark:
        "results/{study}/benchmarks/compare_planted_viability.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        monolayer=lookup("simulation/monolayer", within=config, default={}),
        live=lookup("viability/class", within=config),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        of_training_groups=lookup("statistics/of_training_groups", within=config),
        code=code_id("compare_planted_viability.py"),
    script:
        "../scripts/compare_planted_viability.py"
