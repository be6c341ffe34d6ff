# Figures of the data set: what was annotated, how the classes look.


rule plot_gallery:
    """Draw cells of each class side by side, as annotated (3A) or as called (4E)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells=branch(
            lambda wildcards: wildcards.source == "called",
            then="results/{study}/cells.parquet",
            otherwise="results/{study}/annotations/boxes.parquet",
        ),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        pdf="results/{study}/figures/gallery_{source}.pdf",
        png=report(
            "results/{study}/figures/gallery_{source}.png",
            caption="../report/gallery.rst",
            category="Calls",
            labels={"figure": "gallery of {source} cells"},
        ),
    log:
        "logs/{study}/plot_gallery/{source}.log",
    benchmark:
        "results/{study}/benchmarks/plot_gallery/{source}.tsv"
    wildcard_constraints:
        source="annotated|called",
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        called=lambda wildcards: wildcards.source == "called",
        splits=branch(
            lambda wildcards: wildcards.source == "called",
            then=config["statistics"]["splits"],
            otherwise=["train", "val", "test", "predict"],
        ),
        without=lookup("statistics/exclude_conditions", within=config),
        palette=PALETTE,
        code=code_id("plot_gallery.py"),
    script:
        "../scripts/plot_gallery.py"


rule plot_cells_per_field:
    """Draw how many cells, and how many special ones, the fields have (3C, 3D)."""
    input:
        boxes="results/{study}/annotations/boxes.parquet",
        annotated="results/{study}/annotations/fields.tsv",
        frequencies="results/{study}/statistics/frequencies.tsv",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        pdf="results/{study}/figures/cells_per_field.pdf",
        png=report(
            "results/{study}/figures/cells_per_field.png",
            caption="../report/cells_per_field.rst",
            category="Calls",
            labels={"figure": "cells per field"},
        ),
    log:
        "logs/{study}/plot_cells_per_field.log",
    benchmark:
        "results/{study}/benchmarks/plot_cells_per_field.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        excluded=lookup("statistics/exclude_classes", within=config),
        palette=PALETTE,
        code=code_id("plot_cells_per_field.py"),
    script:
        "../scripts/plot_cells_per_field.py"
