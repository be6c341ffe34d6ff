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
        warnings="results/{study}/warnings/explain_every_class.tsv",
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
        runtime=longer(60),
    params:
        grad_cam=lookup("grad_cam", within=config),
        classes=lookup("classes", within=config),
        seed=lookup("seed", within=config),
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
        warnings="results/{study}/warnings/check_maps.tsv",
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
        runtime=longer(60),
    params:
        grad_cam=lookup("grad_cam", within=config),
        classes=lookup("classes", within=config),
        seed=lookup("seed", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("check_maps.py"),
    script:
        "../scripts/check_maps.py"


if config["grad_cam"]["every_class"]:
    WARNINGS += [f"results/{STUDY}/warnings/explain_every_class.tsv"]

    rule plot_grad_cam_every_class:
        """Draw what in a crop speaks for each of the classes (L27)."""
        input:
            cells="results/{study}/grad_cam/every_class.parquet",
            maps="results/{study}/grad_cam/every_class.npz",
        output:
            pdf="results/{study}/figures/grad_cam_every_class.pdf",
            png=report(
                "results/{study}/figures/grad_cam_every_class.png",
                caption="../report/grad_cam_every_class.rst",
                category="Classification",
                labels={"figure": "Grad-CAM, every class"},
            ),
        log:
            "logs/{study}/plot_grad_cam_every_class.log",
        benchmark:
            "results/{study}/benchmarks/plot_grad_cam_every_class.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(2000),
            runtime=longer(20),
        params:
            palette=PALETTE,
            code=code_id("plot_grad_cam_every_class.py"),
        script:
            "../scripts/plot_grad_cam_every_class.py"


if config["grad_cam"]["sanity"]:
    WARNINGS += [f"results/{STUDY}/warnings/check_maps.tsv"]

    rule plot_map_sanity:
        """Draw whether Grad-CAM maps are lost with what was learned."""
        input:
            table="results/{study}/grad_cam/sanity.tsv",
        output:
            pdf="results/{study}/figures/map_sanity.pdf",
            png=report(
                "results/{study}/figures/map_sanity.png",
                caption="../report/map_sanity.rst",
                category="Classification",
                labels={"figure": "Grad-CAM, sanity check"},
            ),
        log:
            "logs/{study}/plot_map_sanity.log",
        benchmark:
            "results/{study}/benchmarks/plot_map_sanity.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(2000),
            runtime=longer(20),
        params:
            code=code_id("plot_map_sanity.py"),
        script:
            "../scripts/plot_map_sanity.py"
