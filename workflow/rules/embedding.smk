# An embedding is made by one core, or by a GPU where the config asks for it.
EMBEDDING_GPU = int(config["embedding"]["gpu"])
EMBEDDING_THREADS = config["compute"]["threads"] if EMBEDDING_GPU else 1
EMBEDDING_ENVIRONMENT = f"../../envs/embedding{'_gpu' * EMBEDDING_GPU}.yaml"
# 25 kB and 30 ms a cell (docs/performance.md)
EMBEDDING_MB = 3000 + config["embedding"]["max_cells"] // 40
EMBEDDING_MINUTES = 60 + config["embedding"]["max_cells"] // 2000


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
