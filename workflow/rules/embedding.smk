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
        "../../envs/embedding.yaml"
    threads: 1
    resources:
        gpu=0,
        # 25 kB and 30 ms a cell (docs/performance.md)
        mem_mb=scaled(3000 + config["embedding"]["max_cells"] // 40),
        runtime=longer(60 + config["embedding"]["max_cells"] // 2000),
    params:
        settings=lookup("embedding", within=config),
        seed=lookup("seed", within=config),
        code=code_id("embed_cells.py"),
    script:
        "../scripts/embed_cells.py"
