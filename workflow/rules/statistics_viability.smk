# What share of the patches or cells is live; read only where the config asks for it.
RESULTS += results("statistics/viability.tsv", "statistics/viability_map.parquet")
WARNINGS += results("warnings/estimate_viability.tsv")
# only what was planted can be recovered
PLANTED_VIABILITY = results(
    "statistics/planted_viability.tsv",
    wanted=PLANTED.get("kind") == "live_dead"
    and config["viability"]["time"] == PLANTED["monolayer"]["time"],
)
RESULTS += PLANTED_VIABILITY


rule estimate_viability:
    """Estimate the share of live patches by field, well and condition over time, and map it."""
    input:
        cells="results/{study}/cells.parquet",
        labelled=branch(
            STAINED, then="results/{study}/labels/patches.parquet", otherwise=[]
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
        of_training_groups=lookup("statistics/of_training_groups", within=config),
        # patches of a grid overlap
        grid=config["candidates"]["grid"] if PATCHES else None,
        code=code_id("estimate_viability.py"),
    script:
        "../scripts/estimate_viability.py"


use rule figure as plot_viability with:
    """Draw the share of live patches of each condition over time."""
    input:
        viability="results/{study}/statistics/viability.tsv",
        planted=PLANTED_VIABILITY,
    output:
        **drawn(
            "viability",
            "Comparison of conditions",
            "viability over time",
            caption="viability_over_time",
        ),
    pathvars:
        figure="viability",
    params:
        **drawn_by("plot_viability"),
        viability=lookup("viability", within=config),
        palette=PALETTE,


use rule figure as plot_viability_map with:
    """Draw live and dead patches over the field, next to the field itself."""
    input:
        map="results/{study}/statistics/viability_map.parquet",
        quality="results/{study}/qc/fields.tsv",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        **drawn(
            "viability_map",
            "Comparison of conditions",
            "viability over the field",
        ),
    pathvars:
        figure="viability_map",
    params:
        **drawn_by("plot_viability_map"),
        viability=lookup("viability", within=config),
        stain=config["labels"]["channel"] if STAINED else None,
