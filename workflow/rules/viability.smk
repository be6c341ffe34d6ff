# What share of the patches or cells is live; read only where the config asks for it.


rule estimate_viability:
    """Estimate the share of live patches by field, well and condition over time, and map it."""
    input:
        cells="results/{study}/cells.parquet",
        labelled=branch(
            FLUORESCENCE, then="results/{study}/labels/patches.parquet", otherwise=[]
        ),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        table=report(
            "results/{study}/statistics/viability.tsv",
            caption="../report/viability.rst",
            category="Comparison of conditions",
            labels={"figure": "viability (table)"},
        ),
        map="results/{study}/statistics/viability_map.parquet",
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
        runtime=20,
    params:
        viability=lookup("viability", within=config),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        # patches of a grid overlap
        grid=config["candidates"]["grid"] if CANDIDATES == "grid" else None,
        code=code_id("estimate_viability.py"),
    script:
        "../scripts/estimate_viability.py"
