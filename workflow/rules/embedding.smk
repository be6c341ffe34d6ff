RESULTS += results("embedding/cells.parquet")
# An embedding is made by one core, or by a GPU where the config asks for it.
EMBEDDING_GPU = int(config["embedding"]["gpu"])
EMBEDDING_THREADS = config["compute"]["threads"] if EMBEDDING_GPU else 1
EMBEDDING_ENVIRONMENT = f"../../envs/embedding{'_gpu' * EMBEDDING_GPU}.yaml"
# 25 kB and 30 ms a cell (docs/performance.md)
EMBEDDING_MB = 3000 + config["embedding"]["max_cells"] // 40
EMBEDDING_MINUTES = 60 + config["embedding"]["max_cells"] // 2000
# other classifiers' features, such as those of other inputs, where the config asks for them
EMBEDDED = config["embedding"]["experiments"]


rule embed_cells:
    """Embed the classifier's features of called cells by t-SNE and UMAP (A41)."""
    input:
        cells="results/{study}/cells.parquet",
        features=collect(
            "results/{{study}}/predictions/{experiment}/seed{seed}/{shard}.features.npy",
            experiment=EXPERIMENTS[:1],
            seed=SEEDS[:1],
            shard=SHARDS,
        ),
    output:
        table="results/{study}/embedding/cells.parquet",
    log:
        "logs/{study}/embed_cells.log",
    benchmark:
        "results/{study}/benchmarks/embed_cells.tsv"
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


use rule embed_cells as embed_experiment with:
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


use rule figure as plot_embedding with:
    """Draw t-SNE and UMAP of the classifier's features (figure 5)."""
    input:
        cells="results/{study}/embedding/cells.parquet",
    output:
        **drawn("embedding", "Classification", "t-SNE and UMAP"),
    pathvars:
        figure="embedding",
    params:
        **drawn_by("plot_embedding"),
        palette=PALETTE,


use rule figure as plot_embedding_pictures with:
    """Draw the t-SNE map as pictures of what lies where (L26)."""
    input:
        cells="results/{study}/embedding/cells.parquet",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        plan=PLANNED,
    output:
        **drawn(
            "embedding_pictures",
            "Classification",
            "t-SNE as pictures",
            wanted=STAINED,
        ),
    pathvars:
        figure="embedding_pictures",
    params:
        **drawn_by("plot_embedding_pictures"),
        **planned(crops=experiment_part("crops", EXPERIMENTS[0])),
        palette=PALETTE,


use rule figure as plot_embeddings with:
    """Draw several classifiers' UMAP by annotated class and by columns of the sheet (C56)."""
    input:
        cells=[
            # the classifier that makes the calls has its own already
            (
                "results/{study}/embedding/cells.parquet"
                if name == EXPERIMENTS[0]
                else f"results/{{study}}/embedding/experiments/{name}.parquet"
            )
            for name in EMBEDDED
        ],
        fields="results/{study}/qc/fields.tsv",
    output:
        **drawn(
            "embeddings",
            "Classification",
            "UMAP of several classifiers",
            wanted=bool(EMBEDDED),
        ),
    pathvars:
        figure="embeddings",
    params:
        **drawn_by("plot_embeddings"),
        experiments=EMBEDDED,
        columns=lookup("evaluation/by", within=config),
        palette=PALETTE,
