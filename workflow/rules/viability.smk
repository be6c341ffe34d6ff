# What share of the patches or cells is live; read only where the config asks for it.
WARNINGS += [f"results/{STUDY}/warnings/estimate_viability.tsv"]


rule estimate_viability:
    """Estimate the share of live patches by field, well and condition over time, and map it."""
    input:
        cells="results/{study}/cells.parquet",
        labelled=branch(
            FLUORESCENCE, then="results/{study}/labels/patches.parquet", otherwise=[]
        ),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        annotated="results/{study}/annotations/fields.tsv",
    output:
        table=report(
            "results/{study}/statistics/viability.tsv",
            caption="../report/viability.rst",
            category="Comparison of conditions",
            labels={"figure": "viability (table)"},
        ),
        map="results/{study}/statistics/viability_map.parquet",
        warnings="results/{study}/warnings/estimate_viability.tsv",
    log:
        "logs/{study}/estimate_viability.log",
    benchmark:
        "results/{study}/benchmarks/estimate_viability.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        viability=lookup("viability", within=config),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        # patches of a grid overlap
        grid=config["candidates"]["grid"] if CANDIDATES == "grid" else None,
        code=code_id("estimate_viability.py"),
    script:
        "../scripts/estimate_viability.py"


rule plot_viability:
    """Draw the share of live patches of each condition over time."""
    input:
        viability="results/{study}/statistics/viability.tsv",
        planted=PLANTED_VIABILITY,
    output:
        pdf="results/{study}/figures/viability.pdf",
        png=report(
            "results/{study}/figures/viability.png",
            caption="../report/viability_over_time.rst",
            category="Comparison of conditions",
            labels={"figure": "viability over time"},
        ),
    log:
        "logs/{study}/plot_viability.log",
    benchmark:
        "results/{study}/benchmarks/plot_viability.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        viability=lookup("viability", within=config),
        palette=PALETTE,
        code=code_id("plot_viability.py"),
    script:
        "../scripts/plot_viability.py"


rule plot_viability_map:
    """Draw live and dead patches over the field, beside the field itself."""
    input:
        map="results/{study}/statistics/viability_map.parquet",
        quality="results/{study}/qc/fields.tsv",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        pdf="results/{study}/figures/viability_map.pdf",
        png=report(
            "results/{study}/figures/viability_map.png",
            caption="../report/viability_map.rst",
            category="Comparison of conditions",
            labels={"figure": "viability over the field"},
        ),
    log:
        "logs/{study}/plot_viability_map.log",
    benchmark:
        "results/{study}/benchmarks/plot_viability_map.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        viability=lookup("viability", within=config),
        stain=config["labels"]["channel"] if FLUORESCENCE else None,
        code=code_id("plot_viability_map.py"),
    script:
        "../scripts/plot_viability_map.py"
