RESULTS += results("annotations/boxes.parquet", "annotations/fields.tsv")
RESULTS += results("annotations/counts.tsv")
RESULTS += results("annotations/report.tsv", wanted=bool(ANNOTATORS))
# labels of patches by a stain need nothing that people have drawn
WARNINGS += results("annotations/warnings.tsv", wanted=not (STAINED and PATCHES))
# only several annotators can agree
AGREEMENT = (
    {
        "agreement": "results/{study}/annotations/agreement.tsv",
        "each": "results/{study}/annotations/each.parquet",
        "gone_through": "results/{study}/annotations/gone_through.tsv",
    }
    if len(ANNOTATORS) > 1
    else {}
)


rule import_annotations:
    """Import what people have annotated: boxes, classes, fields without cells (A5, A10, C7)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotations=[path for own in ANNOTATORS for path in own["files"]],
    output:
        **AGREEMENT,
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        annotated=(
            "results/{study}/annotations/object_fields.tsv"
            if STAINED
            else "results/{study}/annotations/fields.tsv"
        ),
        report=report(
            "results/{study}/annotations/report.tsv",
            caption="../report/annotation_report.rst",
            category="Annotations",
            labels={"figure": "annotations changed or left out (table)"},
        ),
        set_aside="results/{study}/annotations/set_aside.tsv",
        warnings="results/{study}/annotations/warnings.tsv",
    log:
        "logs/{study}/import_annotations.log",
    benchmark:
        "results/{study}/benchmarks/import_annotations.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        annotators=ANNOTATORS,
        merge_iou=lookup("annotations/merge_iou", within=config),
        # a folder's own time does not change when a file inside it is edited
        version=lambda wildcards: (
            []
            if "simulation" in config
            else sample_sheet.raw_version(
                source
                for settings in ANNOTATORS
                for source in listing.sources(settings["files"], settings)
            )
        ),
        channels=lookup("channels", within=config),
        classes=lookup("classes", within=config),
        seed=lookup("seed", within=config),
        group=lookup("splits/by", within=config),
        code=code_id("import_annotations.py"),
    script:
        "../scripts/import_annotations.py"


rule count_annotated:
    """Count annotated fields and cells per split, condition and class (L29, A5 to A9)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
    output:
        counts=report(
            "results/{study}/annotations/counts.tsv",
            caption="../report/counts.rst",
            category="Annotations",
            labels={"figure": "numbers of fields and cells (table)"},
        ),
    log:
        "logs/{study}/count_annotated.log",
    benchmark:
        "results/{study}/benchmarks/count_annotated.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(10),
    params:
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config),
        code=code_id("count_annotated.py"),
    script:
        "../scripts/count_annotated.py"


use rule figure as plot_cells_per_field with:
    """Draw how many cells, and how many special ones, the fields have (3C, 3D)."""
    input:
        boxes="results/{study}/annotations/boxes.parquet",
        annotated="results/{study}/annotations/fields.tsv",
        # where labels are counted, nothing that was called is
        frequencies=branch(
            config["statistics"]["source"] == "calls",
            then="results/{study}/statistics/frequencies.tsv",
            otherwise=[],
        ),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        **drawn("cells_per_field", "Calls", "cells per field"),
    pathvars:
        figure="cells_per_field",
    params:
        **drawn_by("plot_cells_per_field"),
        excluded=lookup("statistics/exclude_classes", within=config),
        palette=PALETTE,
