# Folds that hold each group out in turn, by request.
rule hold_each_out:
    """Hold each group of annotated fields out in turn: one fold per group (by request)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        leaks="results/{study}/leaks.tsv",
    output:
        folds="results/{study}/held_out_splits.tsv",
        # not collected: the report does not ask for these folds
        warnings="results/{study}/warnings/hold_each_out.tsv",
    log:
        "logs/{study}/hold_each_out.log",
    benchmark:
        "results/{study}/benchmarks/hold_each_out.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        splits=lookup("splits", within=config),
        seed=lookup("seed", within=config),
        code=code_id("hold_each_out.py"),
    script:
        "../scripts/hold_each_out.py"
