# wanted where annotated objects are measured
MEASURE_TABLES = (
    collect(
        f"results/{STUDY}/statistics/{{name}}.tsv", name=["measures", "measure_tests"]
    )
    if config["statistics"]["measures"]
    else []
)
# wanted where false positives are counted
NULL_TABLES = (
    f"results/{STUDY}/statistics/null_experiments.tsv"
    if config["statistics"]["null_experiments"]
    else []
)
# wanted where a published study could be reproduced
CLAIMS = [f"results/{STUDY}/claims.tsv"] if config["published_study"] else []


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
        code=code_id("count_frequencies.py"),
    script:
        "../scripts/count_frequencies.py"


WARNINGS += [f"results/{STUDY}/warnings/compare_conditions.tsv"]


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
        control=lookup("statistics/control", within=config),
        tests=lookup("statistics/tests", within=config),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config, default={}),
        excluded=lookup("statistics/exclude_classes", within=config),
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        code=code_id("compare_conditions.py"),
    script:
        "../scripts/compare_conditions.py"
