# Classes from the brightness of a stain instead of from people; read only where the config asks.
RESULTS += results(
    "labels/mixture.tsv", "labels/patches.parquet", "metrics/scores.parquet"
)
RESULTS += results("metrics/two_classes.tsv", "metrics/two_classes_confusion.tsv")
RESULTS += results("metrics/two_classes_roc.parquet", "metrics/calibration.tsv")
WARNINGS += results("warnings/label_by_fluorescence.tsv")


rule measure_fluorescence:
    """Average a stain's raw counts over each patch, or each annotated object, of a shard (L11)."""
    input:
        raw=raw_files,
        quality="results/{study}/qc/fields.tsv",
        candidates=branch(
            PATCHES,
            then="results/{study}/detections/{shard}.parquet",
            otherwise="results/{study}/annotations/objects.parquet",
        ),
    output:
        table="results/{study}/labels/{shard}.parquet",
    log:
        "logs/{study}/measure_fluorescence/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/measure_fluorescence/{shard}.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(60),
    params:
        rows=shard_rows,
        version=raw_version,
        grid=PATCHES,
        channels=lookup("channels", within=config),
        image_files=lookup("image_files", within=config),
        labels=lookup("labels", within=config),
        # where the masks are, if the mean is over their pixels
        masks=ANNOTATORS[:1] if config["labels"]["within"] == "mask" else [],
        code=code_id("measure_fluorescence.py"),
    script:
        "../scripts/measure_fluorescence.py"


rule label_by_fluorescence:
    """Divide the measured into dim and bright by a mixture of two distributions (L11, L12)."""
    input:
        shards=collect("results/{{study}}/labels/{shard}.parquet", shard=SHARDS),
        quality="results/{study}/qc/fields.tsv",
        objects=branch(
            PATCHES,
            then=[],
            otherwise="results/{study}/annotations/objects.parquet",
        ),
        drawn=branch(
            PATCHES,
            then=[],
            otherwise="results/{study}/annotations/object_fields.tsv",
        ),
    output:
        labelled="results/{study}/labels/patches.parquet",
        mixture=report(
            "results/{study}/labels/mixture.tsv",
            caption="../report/mixture.rst",
            category="Annotations",
            labels={"figure": "labels from fluorescence (table)"},
        ),
        boxes="results/{study}/annotations/boxes.parquet",
        fields="results/{study}/annotations/fields.tsv",
        warnings="results/{study}/warnings/label_by_fluorescence.tsv",
    log:
        "logs/{study}/label_by_fluorescence.log",
    benchmark:
        "results/{study}/benchmarks/label_by_fluorescence.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        labels=lookup("labels", within=config),
        seed=lookup("seed", within=config),
        code=code_id("label_by_fluorescence.py"),
    script:
        "../scripts/label_by_fluorescence.py"


rule evaluate_two_classes:
    """Measure score and calls against the stain, with intervals (L21 to L25)."""
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
        group=lookup("splits/by", within=config),
        code=code_id("evaluate_two_classes.py"),
    script:
        "../scripts/evaluate_two_classes.py"
