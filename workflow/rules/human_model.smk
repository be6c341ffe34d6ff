# The model against the people who annotate; wanted where there are several of them.


rule compare_raters:
    """Hold the model against the annotators, and these against each other (A43)."""
    input:
        each=AGREEMENT["each"],
        gone_through=AGREEMENT["gone_through"],
        cells="results/{study}/cells.parquet",
        splits="results/{study}/splits.tsv",
        truth=(
            "results/{study}/simulation/truth.parquet"
            if "simulation" in config
            else []
        ),
    output:
        table=report(
            "results/{study}/metrics/human_model.tsv",
            caption="../report/human_model.rst",
            category="Classification",
            labels={"figure": "human and model (table)"},
        ),
    log:
        "logs/{study}/compare_raters.log",
    benchmark:
        "results/{study}/benchmarks/compare_raters.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(30),
    params:
        groups=lookup("class_groups", within=config),
        seed=lookup("seed", within=config),
        code=code_id("compare_raters.py"),
    script:
        "../scripts/compare_raters.py"


rule plot_human_model:
    """Draw the model against the annotators, and these against each other (figure S6)."""
    input:
        table="results/{study}/metrics/human_model.tsv",
    output:
        pdf="results/{study}/figures/human_model.pdf",
        png=report(
            "results/{study}/figures/human_model.png",
            caption="../report/human_model.rst",
            category="Classification",
            labels={"figure": "human and model"},
        ),
    log:
        "logs/{study}/plot_human_model.log",
    benchmark:
        "results/{study}/benchmarks/plot_human_model.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        code=code_id("plot_human_model.py"),
    script:
        "../scripts/plot_human_model.py"
