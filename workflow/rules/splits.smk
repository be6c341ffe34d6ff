# The splits, and the leak gate: duplicates across splits are refused before any training.
RESULTS += results("splits.tsv", "near_duplicates.tsv", "leaks.tsv")
WARNINGS += results("warnings/split_fields.tsv", "warnings/check_splits.tsv")
CROPS_CHECKED = EXPERIMENTS if PATCHES else []
RESULTS += results("leaks/{experiment}.tsv", experiment=CROPS_CHECKED)
WARNINGS += results("warnings/check_leaks/{experiment}.tsv", experiment=CROPS_CHECKED)
PAIRS_MOVE = config["splits"]["near_duplicates"] in ("leave_out", "keep_together")
KNOWN_PAIRS = config["splits"]["known_pairs"] or []  # of fields that are no duplicates


rule split_fields:
    """Divide the annotated fields into training, validation and test, by group (A8)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        report="results/{study}/annotations/report.tsv" if ANNOTATORS else [],
        # elsewhere pairs change no split, so that to allow one trains nothing again
        pairs=branch(
            PAIRS_MOVE, then="results/{study}/near_duplicates.parquet", otherwise=[]
        ),
        known=branch(PAIRS_MOVE, then=KNOWN_PAIRS, otherwise=[]),
    output:
        splits="results/{study}/splits.tsv",
        warnings="results/{study}/warnings/split_fields.tsv",
    log:
        "logs/{study}/split_fields.log",
    benchmark:
        "results/{study}/benchmarks/split_fields.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        splits={
            key: config["splits"][key]
            for key in ("by", "fractions", "hold_out", "deal")
        },
        moves=config["splits"]["near_duplicates"] if PAIRS_MOVE else None,
        seed=lookup("seed", within=config),
        must_learn=(
            classification.must_learn(
                [
                    configuration.experiment(config, name)["training"]
                    for name in TRAINED
                ],
                config["classes"],
            )
            if SEVERAL_CLASSES or not DETECTORS
            else config["classes"]
        ),
        code=code_id("split_fields.py"),
    script:
        "../scripts/split_fields.py"


rule find_near_duplicates:
    """Find annotated fields and cells that show the same though no group says so (A8)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        # patches are compared as crops
        boxes=branch(
            PATCHES, then=[], otherwise="results/{study}/annotations/boxes.parquet"
        ),
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        table="results/{study}/near_duplicates.tsv",
        pairs="results/{study}/near_duplicates.parquet",
    log:
        "logs/{study}/find_near_duplicates.log",
    benchmark:
        "results/{study}/benchmarks/find_near_duplicates.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(120),
    params:
        settings={
            key: config["splits"][key]
            for key in ("by", "track_frames", "track_distance")
        },
        code=code_id("find_near_duplicates.py"),
    script:
        "../scripts/find_near_duplicates.py"


rule check_splits:
    """Refuse splits that share fields or cells that show the same (A8)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        pairs="results/{study}/near_duplicates.parquet",
        known=KNOWN_PAIRS,
        splits="results/{study}/splits.tsv",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        leaks="results/{study}/leaks.tsv",
        warnings="results/{study}/warnings/check_splits.tsv",
    log:
        "logs/{study}/check_splits.log",
        # outputs of a job that refuses are deleted, its logs are not
        pairs="logs/{study}/check_splits.leaks.tsv",
    benchmark:
        "results/{study}/benchmarks/check_splits.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        near_duplicates=lookup("splits/near_duplicates", within=config),
        # no output, for it is looked at when the job has refused
        pictures=lambda wildcards: [
            f"results/{wildcards.study}/near_duplicates.{kind}"
            for kind in ("pdf", "png")
        ],
        code=code_id("check_splits.py"),
    script:
        "../scripts/check_splits.py"


rule check_leaks:
    """Refuse to train on patches that are there again among those measured on (A8)."""
    input:
        crops=crops_file("npy"),
        table=crops_file("parquet"),
        known=KNOWN_PAIRS,
    output:
        leaks="results/{study}/leaks/{experiment}.tsv",
        warnings="results/{study}/warnings/check_leaks/{experiment}.tsv",
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
