RESULTS += results("statistics/frequencies.tsv", "statistics/tests.tsv")
WARNINGS += results("warnings/compare_conditions.tsv")
# only what was planted can be recovered, and patches of a monolayer show several cells
PLANTED = config.get("simulation", {})
PLANTED_FREQUENCIES = results(
    "statistics/planted_frequencies.tsv",
    wanted=COMPARED
    and SEVERAL_CLASSES
    and PLANTED.get("kind") in ("cell_in_cell", "organoid")
    and config["statistics"]["source"] == "calls",
)
# sizes of annotated objects
MEASURES = config["statistics"]["measures"]
MEASURE_TABLES = results(
    "statistics/measures.tsv", "statistics/measure_tests.tsv", wanted=bool(MEASURES)
)
RESULTS += [*PLANTED_FREQUENCIES, *MEASURE_TABLES]
SHOWN += MEASURE_TABLES
WARNINGS += results("warnings/compare_measures.tsv", wanted=bool(MEASURES))


rule count_frequencies:
    """Count the called cells of every class in every field of the experiment (A11, A50)."""
    input:
        cells=branch(
            config["statistics"]["source"] == "labels",
            then="results/{study}/annotations/boxes.parquet",
            otherwise="results/{study}/cells.parquet",
        ),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        annotated=branch(
            config["statistics"]["source"] == "labels" and not SEVERAL_CLASSES,
            then="results/{study}/annotations/fields.tsv",
            otherwise=[],
        ),
    output:
        table="results/{study}/statistics/frequencies.tsv",
    log:
        "logs/{study}/count_frequencies.log",
    benchmark:
        "results/{study}/benchmarks/count_frequencies.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(10),
    params:
        source=lookup("statistics/source", within=config),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config, default={}),
        excluded=lookup("statistics/exclude_classes", within=config),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        of_training_groups=lookup("statistics/of_training_groups", within=config),
        code=code_id("count_frequencies.py"),
    script:
        "../scripts/count_frequencies.py"


rule compare_conditions:
    """Test every condition against control, with effect sizes and intervals (A51)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        annotated="results/{study}/annotations/fields.tsv",
    output:
        table=report(
            "results/{study}/statistics/tests.tsv",
            caption="../report/tests.rst",
            category="Comparison of conditions",
            labels={"figure": "tests against control (table)"},
        ),
        warnings="results/{study}/warnings/compare_conditions.tsv",
    log:
        "logs/{study}/compare_conditions.log",
    benchmark:
        "results/{study}/benchmarks/compare_conditions.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(10),
    params:
        source=lookup("statistics/source", within=config),
        control=lookup("statistics/control", within=config),
        tests=lookup("statistics/tests", within=config),
        design=lookup("statistics/design", within=config),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config, default={}),
        excluded=lookup("statistics/exclude_classes", within=config),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        of_training_groups=lookup("statistics/of_training_groups", within=config),
        code=code_id("compare_conditions.py"),
    script:
        "../scripts/compare_conditions.py"


rule measure_objects:
    """Take the median of each measure over the annotated objects of every field and class."""
    input:
        boxes="results/{study}/annotations/boxes.parquet",
        annotated="results/{study}/annotations/fields.tsv",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        table="results/{study}/statistics/measures.tsv",
    log:
        "logs/{study}/measure_objects.log",
    benchmark:
        "results/{study}/benchmarks/measure_objects.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(10),
    params:
        classes=lookup("classes", within=config),
        splits=lookup("statistics/splits", within=config),
        measures=lookup("statistics/measures", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        code=code_id("measure_objects.py"),
    script:
        "../scripts/measure_objects.py"


rule compare_measures:
    """Test the measures of annotated objects of every condition against control."""
    input:
        measures="results/{study}/statistics/measures.tsv",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        annotated="results/{study}/annotations/fields.tsv",
    output:
        table=report(
            "results/{study}/statistics/measure_tests.tsv",
            caption="../report/measure_tests.rst",
            category="Comparison of conditions",
            labels={"figure": "measures of annotated objects (table)"},
        ),
        warnings="results/{study}/warnings/compare_measures.tsv",
    log:
        "logs/{study}/compare_measures.log",
    benchmark:
        "results/{study}/benchmarks/compare_measures.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(10),
    params:
        control=lookup("statistics/control", within=config),
        tests=lookup("statistics/tests", within=config),
        design=lookup("statistics/design", within=config),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        code=code_id("compare_measures.py"),
    script:
        "../scripts/compare_measures.py"
