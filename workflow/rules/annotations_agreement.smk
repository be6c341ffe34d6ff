# The model and the people who annotate; read where there are several of them.
RESULTS += results("annotations/agreement.tsv", "annotations/each.parquet")
RESULTS += results("annotations/gone_through.tsv")
RESULTS += results("metrics/human_model.tsv", wanted=CALLED)
# of one class, only how many cells each finds can be compared
SHOWN += results("metrics/human_model.tsv", wanted=CALLED and not SEVERAL_CLASSES)


rule compare_raters:
    """Hold the model against the annotators, and these against each other (A43)."""
    input:
        each="results/{study}/annotations/each.parquet",
        gone_through="results/{study}/annotations/gone_through.tsv",
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
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config),
        code=code_id("compare_raters.py"),
    script:
        "../scripts/compare_raters.py"


use rule figure as plot_human_model with:
    """Draw the model against the annotators, and these against each other (figure S6)."""
    input:
        table="results/{study}/metrics/human_model.tsv",
    output:
        **drawn(
            "human_model",
            "Classification",
            "human and model",
            wanted=SEVERAL_CLASSES,
        ),
    pathvars:
        figure="human_model",
    params:
        **drawn_by("plot_human_model"),
