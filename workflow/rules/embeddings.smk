# Several classifiers' features side by side, such as those of several inputs; where the config asks.
EMBEDDED = config["embedding"]["experiments"]


def embedding_of(experiment):
    """The table of a classifier's embedding; the one that makes the calls has its own already."""
    name = "cells" if experiment == EXPERIMENTS[0] else f"experiments/{experiment}"
    return f"results/{STUDY}/embedding/{name}.parquet"


rule embed_experiment:
    """Embed the same cells by the features of another classifier (C56)."""
    input:
        cells="results/{study}/cells.parquet",
        features=collect(
            "results/{{study}}/predictions/{{experiment}}/seed{seed}/{shard}.features.npy",
            seed=SEEDS[:1],
            shard=SHARDS,
        ),
    output:
        table="results/{study}/embedding/experiments/{experiment}.parquet",
    log:
        "logs/{study}/embed_experiment/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/embed_experiment/{experiment}.tsv"
    conda:
        EMBEDDING_ENVIRONMENT
    threads: EMBEDDING_THREADS
    resources:
        gpu=EMBEDDING_GPU,
        mem_mb=scaled(EMBEDDING_MB),
        runtime=longer(EMBEDDING_MINUTES),
    params:
        settings=lookup("embedding", within=config),
        seed=lookup("seed", within=config),
        threads=EMBEDDING_THREADS,
        code=code_id("embed_cells.py"),
    script:
        "../scripts/embed_cells.py"


rule plot_embeddings:
    """Draw several classifiers' UMAP by annotated class and by columns of the sheet (C56)."""
    input:
        cells=[embedding_of(experiment) for experiment in EMBEDDED],
        fields="results/{study}/qc/fields.tsv",
    output:
        pdf="results/{study}/figures/embeddings.pdf",
        png=report(
            "results/{study}/figures/embeddings.png",
            caption="../report/embeddings.rst",
            category="Classification",
            labels={"figure": "UMAP of several classifiers"},
        ),
    log:
        "logs/{study}/plot_embeddings.log",
    benchmark:
        "results/{study}/benchmarks/plot_embeddings.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        experiments=EMBEDDED,
        columns=lookup("evaluation/by", within=config),
        palette=PALETTE,
        code=code_id("plot_embeddings.py"),
    script:
        "../scripts/plot_embeddings.py"
