# Boxes in the files of annotation tools, to be corrected there, and pictures and crops of every
# field, as the published tool gives them; only made by request:
#
#   snakemake export --cores 8 --resources gpu=1
#   snakemake field_outputs --cores 8 --resources gpu=1
COUNTS_CLICKS = config["export"]["count_clicks"]
RESULTS += results("metrics/annotation_work.tsv", wanted=COUNTS_CLICKS)
# annotations can be exported before there is a detector
EXPORTS_CELLS = config["export"]["source"] == "cells"
# a classifier that sees more than the one that makes the calls may help the annotator
PROPOSES = config["export"]["experiment"]
PROPOSED = f"results/{{study}}/{'proposals' if PROPOSES else 'cells'}.parquet"


rule export:
    """Make the files that annotation tools open (docs/annotation_tools.md)."""
    input:
        results("export/losses.tsv"),
    localrule: True


rule export_annotations:
    """Write called cells, or annotations, for annotation tools, and report what is lost by it."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        annotated="results/{study}/annotations/fields.tsv",
        cells=branch(EXPORTS_CELLS, then=PROPOSED, otherwise=[]),
    output:
        # next to a folder for each format: one that is an output is deleted with all work in it
        losses="results/{study}/export/losses.tsv",
    log:
        "logs/{study}/export_annotations.log",
    benchmark:
        "results/{study}/benchmarks/export_annotations.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        export=lookup("export", within=config),
        annotations=lookup("annotations", within=config),
        classes=lookup("classes", within=config),
        code=code_id("export_annotations.py"),
    script:
        "../scripts/export_annotations.py"


rule propose_cells:
    """Give called cells the classes that another classifier finds likeliest (C7)."""
    input:
        cells="results/{study}/cells.parquet",
        predictions=collect(
            "results/{{study}}/predictions/{experiment}/seed{seed}/{shard}.parquet",
            experiment=PROPOSES,
            seed=SEEDS,
            shard=SHARDS,
        ),
    output:
        cells="results/{study}/proposals.parquet",
    log:
        "logs/{study}/propose_cells.log",
    benchmark:
        "results/{study}/benchmarks/propose_cells.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        classes=lookup("classes", within=config),
        code=code_id("propose_cells.py"),
    script:
        "../scripts/propose_cells.py"


rule count_clicks:
    """Count the clicks of annotating from nothing and of correcting proposals (C7)."""
    input:
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        annotated="results/{study}/annotations/fields.tsv",
        cells=PROPOSED,
    output:
        work="results/{study}/metrics/annotation_work.tsv",
    log:
        "logs/{study}/count_clicks.log",
    benchmark:
        "results/{study}/benchmarks/count_clicks.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        classes=lookup("classes", within=config),
        code=code_id("count_clicks.py"),
    script:
        "../scripts/count_clicks.py"


use rule figure as plot_annotation_work with:
    """Draw clicks from nothing next to those of correcting proposals (C7)."""
    input:
        work="results/{study}/metrics/annotation_work.tsv",
        splits="results/{study}/splits.tsv",
    output:
        **drawn("annotation_work", "Data", "work of annotation", wanted=COUNTS_CLICKS),
    pathvars:
        figure="annotation_work",
    params:
        **drawn_by("plot_annotation_work"),


rule field_outputs:
    """Name the folders of all shards (A44 to A48)."""
    input:
        results("field_outputs/{shard}.tsv", shard=SHARDS),
    localrule: True


rule draw_field_outputs:
    """Write pictures and crops of the fields of a shard, one folder each (A44 to A48)."""
    input:
        fields="results/{study}/converted/{shard}.npz",
        detections="results/{study}/detections/{shard}.parquet",
        cells="results/{study}/cells.parquet",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        # next to a folder of the same name: one that is an output is deleted with all that is in it
        folders="results/{study}/field_outputs/{shard}.tsv",
    log:
        "logs/{study}/draw_field_outputs/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/draw_field_outputs/{shard}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(120),
    params:
        splits=lookup("field_outputs/splits", within=config),
        margin=(
            configuration.experiment(config, EXPERIMENTS[0])
            if EXPERIMENTS
            else config["classification"]
        )["crops"]["margin"],
        palette={**PALETTE, "scheme": config["field_outputs"]["palette"]},
        code=code_id("draw_field_outputs.py"),
    script:
        "../scripts/draw_field_outputs.py"
