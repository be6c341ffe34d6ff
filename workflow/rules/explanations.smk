# Maps of every class, and whether maps depend on what was learned; read only where asked for.


rule explain_every_class:
    """Show by Grad-CAM what in chosen crops speaks for each of the classes (L27)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells="results/{study}/cells.parquet",
        model=f"results/{{study}}/classifier/{EXPERIMENTS[0]}/seed{SEEDS[0]}/model.pt",
    output:
        cells="results/{study}/grad_cam/every_class.parquet",
        maps="results/{study}/grad_cam/every_class.npz",
    log:
        "logs/{study}/explain_every_class.log",
    benchmark:
        "results/{study}/benchmarks/explain_every_class.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=60,
    params:
        grad_cam=lookup("grad_cam", within=config),
        classes=lookup("classes", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("explain_every_class.py"),
    script:
        "../scripts/explain_every_class.py"


rule check_maps:
    """Compare Grad-CAM maps with those of the network as it is destroyed (Adebayo 2018)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells="results/{study}/cells.parquet",
        model=f"results/{{study}}/classifier/{EXPERIMENTS[0]}/seed{SEEDS[0]}/model.pt",
    output:
        table=report(
            "results/{study}/grad_cam/sanity.tsv",
            caption="../report/map_sanity.rst",
            category="Classification",
            labels={"figure": "Grad-CAM, sanity check (table)"},
        ),
    log:
        "logs/{study}/check_maps.log",
    benchmark:
        "results/{study}/benchmarks/check_maps.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=60,
    params:
        grad_cam=lookup("grad_cam", within=config),
        classes=lookup("classes", within=config),
        seed=lookup("seed", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("check_maps.py"),
    script:
        "../scripts/check_maps.py"
