# Grad-CAM: where classifiers look, and whether that depends on what was learned.
EVERY_CLASS, SANITY = config["grad_cam"]["every_class"], config["grad_cam"]["sanity"]
RESULTS += results("grad_cam/cells.parquet", "grad_cam/maps.npz")
RESULTS += results(
    "grad_cam/every_class.npz", "grad_cam/every_class.parquet", wanted=EVERY_CLASS
)
RESULTS += results("grad_cam/sanity.tsv", wanted=SANITY)
WARNINGS += results("warnings/explain_cells.tsv")
WARNINGS += results("warnings/explain_every_class.tsv", wanted=EVERY_CLASS)
WARNINGS += results("warnings/check_maps.tsv", wanted=SANITY)


rule explain_cells:
    """Show by Grad-CAM what the calls of annotated cells rest on."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells="results/{study}/cells.parquet",
        model=f"results/{{study}}/classifier/{EXPERIMENTS[0]}/seed{SEEDS[0]}/model.pt",
    output:
        cells="results/{study}/grad_cam/cells.parquet",
        maps="results/{study}/grad_cam/maps.npz",
        warnings="results/{study}/warnings/explain_cells.tsv",
    log:
        "logs/{study}/explain_cells.log",
    benchmark:
        "results/{study}/benchmarks/explain_cells.tsv"
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
        code=code_id("explain_cells.py"),
    script:
        "../scripts/explain_cells.py"


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


use rule figure as plot_grad_cam with:
    """Draw where in the crop the classifier looks."""
    input:
        cells="results/{study}/grad_cam/cells.parquet",
        maps="results/{study}/grad_cam/maps.npz",
    output:
        **drawn("grad_cam", "Classification", "Grad-CAM"),
    pathvars:
        figure="grad_cam",
    params:
        **drawn_by("plot_grad_cam"),
        palette=PALETTE,


use rule figure as plot_grad_cam_every_class with:
    """Draw what in a crop speaks for each of the classes (L27)."""
    input:
        cells="results/{study}/grad_cam/every_class.parquet",
        maps="results/{study}/grad_cam/every_class.npz",
    output:
        **drawn(
            "grad_cam_every_class",
            "Classification",
            "Grad-CAM, every class",
            wanted=EVERY_CLASS,
        ),
    pathvars:
        figure="grad_cam_every_class",
    params:
        **drawn_by("plot_grad_cam_every_class"),
        palette=PALETTE,


use rule figure as plot_map_sanity with:
    """Draw whether Grad-CAM maps are lost with what was learned."""
    input:
        table="results/{study}/grad_cam/sanity.tsv",
    output:
        **drawn(
            "map_sanity",
            "Classification",
            "Grad-CAM, sanity check",
            wanted=SANITY,
        ),
    pathvars:
        figure="map_sanity",
    params:
        **drawn_by("plot_map_sanity"),
