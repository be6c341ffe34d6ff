# What the calls depend on: the decision rule with its threshold, and the choice of the classifier.


rule sweep_thresholds:
    """Call the annotated cells by both decision rules at every threshold (A36, A37)."""
    input:
        cells="results/{study}/cells.parquet",
    output:
        thresholds="results/{study}/metrics/thresholds.tsv",
    log:
        "logs/{study}/sweep_thresholds.log",
    benchmark:
        "results/{study}/benchmarks/sweep_thresholds.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(30),
    params:
        classes=lookup("classes", within=config),
        negative_class=lookup("negative_class", within=config),
        groups=lookup("class_groups", within=config),
        code=code_id("sweep_thresholds.py"),
    script:
        "../scripts/sweep_thresholds.py"


rule plot_thresholds:
    """Draw what each decision rule finds at every threshold (A36, A37)."""
    input:
        thresholds="results/{study}/metrics/thresholds.tsv",
    output:
        pdf="results/{study}/figures/thresholds.pdf",
        png=report(
            "results/{study}/figures/thresholds.png",
            caption="../report/thresholds.rst",
            category="Classification",
            labels={"figure": "decision rules"},
        ),
    log:
        "logs/{study}/plot_thresholds.log",
    benchmark:
        "results/{study}/benchmarks/plot_thresholds.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        rule=lookup("calls/rule", within=config),
        threshold=lookup("calls/threshold", within=config),
        code=code_id("plot_thresholds.py"),
    script:
        "../scripts/plot_thresholds.py"


rule plot_classifiers:
    """Draw the classifiers side by side: recall, F and AUC, means over the classes (figure S4)."""
    input:
        metrics="results/{study}/metrics/classification.tsv",
    output:
        pdf="results/{study}/figures/classifiers.pdf",
        png=report(
            "results/{study}/figures/classifiers.png",
            caption="../report/classifiers.rst",
            category="Classification",
            labels={"figure": "classifiers side by side"},
        ),
    log:
        "logs/{study}/plot_classifiers.log",
    benchmark:
        "results/{study}/benchmarks/plot_classifiers.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        described={
            name: configuration.experiment(config, name)["model"]["backbone"]
            for name in EXPERIMENTS
        },
        code=code_id("plot_classifiers.py"),
    script:
        "../scripts/plot_classifiers.py"
