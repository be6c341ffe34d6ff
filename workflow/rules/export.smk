# Boxes in the files of annotation tools, to be corrected there; only made by request:
#
#   snakemake export --cores 8 --resources gpu=1
EXPORT_FORMATS = config["export"]["formats"]
# annotations can be exported before there is a detector
EXPORTS_CELLS = config["export"]["source"] == "cells"


rule export:
    """Make the files that annotation tools open (docs/annotation_tools.md)."""
    input:
        collect(f"results/{STUDY}/export/{{format}}", format=EXPORT_FORMATS),
        f"results/{STUDY}/export/losses.tsv",
    localrule: True


rule export_annotations:
    """Write called cells, or annotations, for annotation tools, and report what is lost by it."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        annotated="results/{study}/annotations/fields.tsv",
        cells=branch(EXPORTS_CELLS, then="results/{study}/cells.parquet", otherwise=[]),
    output:
        folders=directory(
            collect("results/{{study}}/export/{format}", format=EXPORT_FORMATS)
        ),
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
        runtime=60,
    params:
        export=lookup("export", within=config),
        annotations=lookup("annotations", within=config),
        classes=lookup("classes", within=config),
        code=code_id("export_annotations.py"),
    script:
        "../scripts/export_annotations.py"
