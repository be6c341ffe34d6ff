# Figures of classes told by a stain; read only where a stain tells.


rule plot_labels_from_stain:
    """Draw the mixture behind the labels, and every label against its brightness (L11 to L13)."""
    input:
        labelled="results/{study}/labels/patches.parquet",
        mixture="results/{study}/labels/mixture.tsv",
        quality="results/{study}/qc/fields.tsv",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        pdf="results/{study}/figures/labels_from_stain.pdf",
        png=report(
            "results/{study}/figures/labels_from_stain.png",
            caption="../report/labels_from_stain.rst",
            category="Annotations",
            labels={"figure": "labels from the stain"},
        ),
    log:
        "logs/{study}/plot_labels_from_stain.log",
    benchmark:
        "results/{study}/benchmarks/plot_labels_from_stain.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        stain=lookup("labels/channel", within=config),
        scale=lookup("labels/scale", within=config),
        banded=config["labels"]["rule"] == "band",
        palette=PALETTE,
        code=code_id("plot_labels_from_stain.py"),
    script:
        "../scripts/plot_labels_from_stain.py"


rule plot_two_classes:
    """Draw ROC and confusion of every classifier against the stain (L21)."""
    input:
        roc="results/{study}/metrics/two_classes_roc.parquet",
        confusion="results/{study}/metrics/two_classes_confusion.tsv",
        metrics="results/{study}/metrics/two_classes.tsv",
    output:
        pdf="results/{study}/figures/two_classes.pdf",
        png=report(
            "results/{study}/figures/two_classes.png",
            caption="../report/two_classes_roc.rst",
            category="Classification",
            labels={"figure": "against the stain, ROC and confusion"},
        ),
    log:
        "logs/{study}/plot_two_classes.log",
    benchmark:
        "results/{study}/benchmarks/plot_two_classes.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        code=code_id("plot_two_classes.py"),
    script:
        "../scripts/plot_two_classes.py"


rule plot_across_data_sets:
    """Draw how well every classifier does on every data set."""
    input:
        metrics="results/{study}/metrics/two_classes.tsv",
    output:
        pdf="results/{study}/figures/across_data_sets.pdf",
        png=report(
            "results/{study}/figures/across_data_sets.png",
            caption="../report/across_data_sets.rst",
            category="Classification",
            labels={"figure": "across data sets"},
        ),
    log:
        "logs/{study}/plot_across_data_sets.log",
    benchmark:
        "results/{study}/benchmarks/plot_across_data_sets.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        code=code_id("plot_across_data_sets.py"),
    script:
        "../scripts/plot_across_data_sets.py"


rule plot_calibration:
    """Draw the share that the stain calls dim against the classifiers' score."""
    input:
        calibration="results/{study}/metrics/calibration.tsv",
        metrics="results/{study}/metrics/two_classes.tsv",
    output:
        pdf="results/{study}/figures/calibration.pdf",
        png=report(
            "results/{study}/figures/calibration.png",
            caption="../report/calibration.rst",
            category="Classification",
            labels={"figure": "calibration"},
        ),
    log:
        "logs/{study}/plot_calibration.log",
    benchmark:
        "results/{study}/benchmarks/plot_calibration.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        dim=lookup("labels/low_class", within=config),
        code=code_id("plot_calibration.py"),
    script:
        "../scripts/plot_calibration.py"


rule plot_score_against_stain:
    """Draw the score from bright field alone against the brightness of the stain (L24, L25)."""
    input:
        scores="results/{study}/metrics/scores.parquet",
        metrics="results/{study}/metrics/two_classes.tsv",
        quality="results/{study}/qc/fields.tsv",
    output:
        pdf="results/{study}/figures/score_against_stain.pdf",
        png=report(
            "results/{study}/figures/score_against_stain.png",
            caption="../report/score_against_stain.rst",
            category="Classification",
            labels={"figure": "score against the stain"},
        ),
    log:
        "logs/{study}/plot_score_against_stain.log",
    benchmark:
        "results/{study}/benchmarks/plot_score_against_stain.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        experiment=EXPERIMENTS[0],
        column=labels.data_set_column(config),
        dim=lookup("labels/low_class", within=config),
        palette=PALETTE,
        code=code_id("plot_score_against_stain.py"),
    script:
        "../scripts/plot_score_against_stain.py"


rule plot_embedding_pictures:
    """Draw the t-SNE map as pictures of what lies where (L26)."""
    input:
        cells="results/{study}/embedding/cells.parquet",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        pdf="results/{study}/figures/embedding_pictures.pdf",
        png=report(
            "results/{study}/figures/embedding_pictures.png",
            caption="../report/embedding_pictures.rst",
            category="Classification",
            labels={"figure": "t-SNE as pictures"},
        ),
    log:
        "logs/{study}/plot_embedding_pictures.log",
    benchmark:
        "results/{study}/benchmarks/plot_embedding_pictures.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        crops=configuration.experiment(config, EXPERIMENTS[0])["crops"],
        palette=PALETTE,
        code=code_id("plot_embedding_pictures.py"),
    script:
        "../scripts/plot_embedding_pictures.py"
