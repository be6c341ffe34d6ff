# Annotated cells whose class is likely wrong: whoever corrects labels begins with these.
RESULTS += results("label_errors/cells.parquet", "label_errors/listed.tsv")
RESULTS += results("label_errors/judges.tsv", "label_errors/crops.npy")
WARNINGS += results("warnings/find_label_errors.tsv")


rule find_label_errors:
    """List annotated cells that what was learned from other groups contradicts (A10, A41)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        boxes="results/{study}/annotations/boxes.parquet",
        fields="results/{study}/qc/fields.tsv",
        plan=PLANNED,
    output:
        cells="results/{study}/label_errors/cells.parquet",
        listed=report(
            "results/{study}/label_errors/listed.tsv",
            caption="../report/label_errors.rst",
            category="Annotations",
            labels={"figure": "likely wrong labels (table)"},
        ),
        judges=report(
            "results/{study}/label_errors/judges.tsv",
            caption="../report/judges.rst",
            category="Annotations",
            labels={"figure": "judges of labels (table)"},
        ),
        crops="results/{study}/label_errors/crops.npy",
        warnings="results/{study}/warnings/find_label_errors.tsv",
    log:
        "logs/{study}/find_label_errors.log",
    benchmark:
        "results/{study}/benchmarks/find_label_errors.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(3000),
        runtime=longer(60),
    params:
        **planned(crops=experiment_part("crops", EXPERIMENTS[0])),
        settings=lookup("label_errors", within=config),
        classes=lookup("classes", within=config),
        by=lookup("splits/by", within=config),
        code=code_id("find_label_errors.py"),
    script:
        "../scripts/find_label_errors.py"


use rule figure as plot_label_errors with:
    """Draw the annotated cells whose class is most likely wrong (A41)."""
    input:
        cells="results/{study}/label_errors/cells.parquet",
        crops="results/{study}/label_errors/crops.npy",
    output:
        **drawn("label_errors", "Annotations", "likely wrong labels"),
    pathvars:
        figure="label_errors",
    params:
        **drawn_by("plot_label_errors"),
        palette=PALETTE,
