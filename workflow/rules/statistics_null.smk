# False positives of the tests, counted in simulated experiments.
NULL_EXPERIMENTS = config["statistics"]["null_experiments"] > 0
RESULTS += results("statistics/null_experiments.tsv", wanted=NULL_EXPERIMENTS)
WARNINGS += results("warnings/simulate_null_experiments.tsv", wanted=NULL_EXPERIMENTS)


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
        design=lookup("statistics/design", within=config),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config, default={}),
        excluded=lookup("statistics/exclude_classes", within=config),
        code=code_id("simulate_null_experiments.py"),
    script:
        "../scripts/simulate_null_experiments.py"


use rule figure as plot_null_experiments with:
    """Draw the false-positive rate of each way of testing next to the nominal one."""
    input:
        rates="results/{study}/statistics/null_experiments.tsv",
    output:
        **drawn(
            "null_experiments",
            "Comparison of conditions",
            "false positives without a difference",
            wanted=NULL_EXPERIMENTS,
        ),
    pathvars:
        figure="null_experiments",
    params:
        **drawn_by("plot_null_experiments"),
        palette=PALETTE,
