# Leaving out patches that show no cells, or none in focus; read only where the config asks for it.
FILTER_EXAMPLES = str(Path(config["data_root"]) / config["patch_filter"]["examples"])
RESULTS += results("patch_filter/metrics.tsv")
WARNINGS += results("warnings/learn_patch_filter.tsv")


rule learn_patch_filter:
    """Learn from labelled patches which ones are empty, and measure how well (L9, L10)."""
    input:
        examples=FILTER_EXAMPLES,
        quality="results/{study}/qc/fields.tsv",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        weights=config["patch_filter"]["weights"] or [],
    output:
        examples="results/{study}/patch_filter/examples.parquet",
        features="results/{study}/patch_filter/features.npy",
        crops="results/{study}/patch_filter/crops.npy",
        surface="results/{study}/patch_filter/surface.parquet",
        metrics=report(
            "results/{study}/patch_filter/metrics.tsv",
            caption="../report/patch_filter_metrics.rst",
            category="Annotations",
            labels={"figure": "filter of empty patches (table)"},
        ),
        warnings="results/{study}/warnings/learn_patch_filter.tsv",
    log:
        "logs/{study}/learn_patch_filter.log",
    benchmark:
        "results/{study}/benchmarks/learn_patch_filter.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(3000),
        runtime=longer(60),
    params:
        settings=lookup("patch_filter", within=config),
        size=lookup("candidates/grid/size", within=config),
        channels=lookup("channels", within=config),
        seed=lookup("seed", within=config),
        group=lookup("splits/by", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("learn_patch_filter.py"),
    script:
        "../scripts/learn_patch_filter.py"


rule filter_patches:
    """Keep the patches of a shard that the filter takes for good (L9)."""
    input:
        candidates="results/{study}/candidates/{shard}.parquet",
        shard="results/{study}/converted/{shard}.npz",
        examples="results/{study}/patch_filter/examples.parquet",
        features="results/{study}/patch_filter/features.npy",
        weights=config["patch_filter"]["weights"] or [],
    output:
        kept="results/{study}/detections/{shard}.parquet",
        judged="results/{study}/patch_filter/{shard}.parquet",
    log:
        "logs/{study}/filter_patches/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/filter_patches/{shard}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(3000),
        runtime=longer(120),
    params:
        settings=lookup("patch_filter", within=config),
        size=lookup("candidates/grid/size", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("filter_patches.py"),
    script:
        "../scripts/filter_patches.py"


use rule figure as plot_patch_filter with:
    """Draw features as a barcode, and the filter's decision over their t-SNE map (L10)."""
    input:
        examples="results/{study}/patch_filter/examples.parquet",
        features="results/{study}/patch_filter/features.npy",
        crops="results/{study}/patch_filter/crops.npy",
        surface="results/{study}/patch_filter/surface.parquet",
        metrics="results/{study}/patch_filter/metrics.tsv",
    output:
        **drawn("patch_filter", "Annotations", "filter of empty patches"),
    pathvars:
        figure="patch_filter",
    params:
        **drawn_by("plot_patch_filter"),
