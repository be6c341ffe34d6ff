# Two classes told by a stain: every experiment on every data set; read only where a stain tells.


rule evaluate_two_classes:
    """Measure score and calls against the stain, with intervals told apart (L21 to L25)."""
    input:
        cells="results/{study}/cells.parquet",
        labelled="results/{study}/labels/patches.parquet",
        quality="results/{study}/qc/fields.tsv",
        predictions=collect(
            "results/{{study}}/predictions/{experiment}/seed{seed}/{shard}.parquet",
            experiment=EXPERIMENTS,
            seed=SEEDS,
            shard=SHARDS,
        ),
    output:
        scores="results/{study}/metrics/scores.parquet",
        metrics=report(
            "results/{study}/metrics/two_classes.tsv",
            caption="../report/two_classes.rst",
            category="Classification",
            labels={"figure": "against the stain (table)"},
        ),
        roc="results/{study}/metrics/two_classes_roc.parquet",
        confusion="results/{study}/metrics/two_classes_confusion.tsv",
        calibration="results/{study}/metrics/calibration.tsv",
    log:
        "logs/{study}/evaluate_two_classes.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_two_classes.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        labels=lookup("labels", within=config),
        classes=lookup("classes", within=config),
        trained_on=labels.trained_on(config),
        column=labels.data_set_column(config),
        seed=lookup("seed", within=config),
        code=code_id("evaluate_two_classes.py"),
    script:
        "../scripts/evaluate_two_classes.py"
