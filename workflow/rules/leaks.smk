rule check_leaks:
    """Refuse to train on cells that are there again among those measured on (A8)."""
    input:
        crops=crops_file("npy"),
        table=crops_file("parquet"),
    output:
        leaks="results/{study}/leaks/{experiment}.tsv",
    log:
        "logs/{study}/check_leaks/{experiment}.log",
        # outputs of a job that refuses are deleted, its logs are not
        pairs="logs/{study}/check_leaks/{experiment}.leaks.tsv",
    benchmark:
        "results/{study}/benchmarks/check_leaks/{experiment}.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(120),
    params:
        near_duplicates=lookup("splits/near_duplicates", within=config),
        validation=lambda wildcards: experiment_settings("training")(wildcards)[
            "validation"
        ],
        code=code_id("check_leaks.py"),
    script:
        "../scripts/check_leaks.py"
