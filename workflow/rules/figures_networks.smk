# Figures of what the classifiers have learned.


rule plot_classifier_training:
    """Draw the classifier's loss and accuracy, epoch by epoch (A40)."""
    input:
        history=f"results/{{study}}/classifier/{EXPERIMENTS[0]}/seed{SEEDS[0]}/history.tsv",
    output:
        pdf="results/{study}/figures/classifier_training.pdf",
        png=report(
            "results/{study}/figures/classifier_training.png",
            caption="../report/classifier_training.rst",
            category="Classification",
            labels={"figure": "classifier, training"},
        ),
    log:
        "logs/{study}/plot_classifier_training.log",
    benchmark:
        "results/{study}/benchmarks/plot_classifier_training.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        code=code_id("plot_classifier_training.py"),
    script:
        "../scripts/plot_classifier_training.py"


rule plot_roc:
    """Draw the ROC curve of each class and group against all others (A39)."""
    input:
        roc="results/{study}/metrics/roc.parquet",
        metrics="results/{study}/metrics/classification.tsv",
    output:
        pdf="results/{study}/figures/roc.pdf",
        png=report(
            "results/{study}/figures/roc.png",
            caption="../report/roc.rst",
            category="Classification",
            labels={"figure": "ROC curves"},
        ),
    log:
        "logs/{study}/plot_roc.log",
    benchmark:
        "results/{study}/benchmarks/plot_roc.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        experiment=EXPERIMENTS[0],
        palette=PALETTE,
        code=code_id("plot_roc.py"),
    script:
        "../scripts/plot_roc.py"


rule plot_confusion:
    """Draw which annotated class was called what."""
    input:
        confusion="results/{study}/metrics/confusion.tsv",
    output:
        pdf="results/{study}/figures/confusion.pdf",
        png=report(
            "results/{study}/figures/confusion.png",
            caption="../report/confusion.rst",
            category="Classification",
            labels={"figure": "confusion matrix"},
        ),
    log:
        "logs/{study}/plot_confusion.log",
    benchmark:
        "results/{study}/benchmarks/plot_confusion.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        code=code_id("plot_confusion.py"),
    script:
        "../scripts/plot_confusion.py"
