WARNINGS += [f"results/{STUDY}/warnings/split_fields.tsv"]
# labels of patches by a stain need nothing that people have drawn
if not (FLUORESCENCE and CANDIDATES == "grid"):
    WARNINGS += [f"results/{STUDY}/annotations/warnings.tsv"]


rule import_annotations:
    """Import what people have annotated: boxes, classes, fields without cells (A5, A10, C7)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotations=ANNOTATIONS,
    output:
        **AGREEMENT,
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        annotated=f"results/{{study}}/annotations/{DRAWN_FIELDS}.tsv",
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
        # a folder's own time tells nothing of an edit inside it
        version=lambda wildcards: (
            []
            if SIMULATED_IMAGES
            else sample_sheet.raw_version(
                source
                for settings in ANNOTATORS
                for source in listing.sources(settings["files"], settings)
            )
        ),
        channels=lookup("channels", within=config),
        classes=lookup("classes", within=config),
        seed=lookup("seed", within=config),
        code=code_id("import_annotations.py"),
    script:
        "../scripts/import_annotations.py"


rule split_fields:
    """Divide the annotated fields into training, validation and test, by group (A8)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        # elsewhere pairs change no split, so that to allow one trains nothing again
        pairs=branch(
            TOGETHER, then="results/{study}/near_duplicates.parquet", otherwise=[]
        ),
        known=branch(TOGETHER, then=KNOWN_PAIRS, otherwise=[]),
    output:
        splits="results/{study}/splits.tsv",
        warnings="results/{study}/warnings/split_fields.tsv",
    log:
        "logs/{study}/split_fields.log",
    benchmark:
        "results/{study}/benchmarks/split_fields.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        splits={
            key: config["splits"][key]
            for key in ("by", "fractions", "hold_out", "deal")
        },
        seed=lookup("seed", within=config),
        must_learn=MUST_LEARN,
        code=code_id("split_fields.py"),
    script:
        "../scripts/split_fields.py"


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


rule hold_each_out:
    """Hold each group of annotated fields out in turn: one fold per group (by request)."""
    input:
        fields="results/{study}/qc/fields.tsv",
        annotated="results/{study}/annotations/fields.tsv",
        boxes="results/{study}/annotations/boxes.parquet",
        leaks="results/{study}/leaks.tsv",
    output:
        folds="results/{study}/held_out_splits.tsv",
        # not collected: the report does not ask for these folds
        warnings="results/{study}/warnings/hold_each_out.tsv",
    log:
        "logs/{study}/hold_each_out.log",
    benchmark:
        "results/{study}/benchmarks/hold_each_out.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        splits=lookup("splits", within=config),
        seed=lookup("seed", within=config),
        code=code_id("hold_each_out.py"),
    script:
        "../scripts/hold_each_out.py"
