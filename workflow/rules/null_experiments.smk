# False positives of the tests; read only where the config asks for them.


WARNINGS += [f"results/{STUDY}/warnings/simulate_null_experiments.tsv"]


rule simulate_null_experiments:
    """Count each test's false positives in simulated experiments without difference (A51)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
    output:
        table="results/{study}/statistics/null_experiments.tsv",
        warnings="results/{study}/warnings/simulate_null_experiments.tsv",
    log:
        "logs/{study}/simulate_null_experiments.log",
    benchmark:
        "results/{study}/benchmarks/simulate_null_experiments.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        number=lookup("statistics/null_experiments", within=config),
        seed=lookup("seed", within=config),
        control=lookup("statistics/control", within=config),
        tests=lookup("statistics/tests", within=config),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config, default={}),
        excluded=lookup("statistics/exclude_classes", within=config),
        code=code_id("simulate_null_experiments.py"),
    script:
        "../scripts/simulate_null_experiments.py"


rule plot_null_experiments:
    """Draw the false-positive rate of each way of testing beside the nominal one."""
    input:
        rates="results/{study}/statistics/null_experiments.tsv",
    output:
        pdf="results/{study}/figures/null_experiments.pdf",
        png=report(
            "results/{study}/figures/null_experiments.png",
            caption="../report/null_experiments.rst",
            category="Comparison of conditions",
            labels={"figure": "false positives without a difference"},
        ),
    log:
        "logs/{study}/plot_null_experiments.log",
    benchmark:
        "results/{study}/benchmarks/plot_null_experiments.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        code=code_id("plot_null_experiments.py"),
    script:
        "../scripts/plot_null_experiments.py"
