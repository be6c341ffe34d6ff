# Sizes of annotated objects; read only where the config asks for them.


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


WARNINGS += [f"results/{STUDY}/warnings/compare_measures.tsv"]


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
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        code=code_id("compare_measures.py"),
    script:
        "../scripts/compare_measures.py"


rule plot_measures:
    """Draw how large annotated objects are in each condition: boxes, points, stars."""
    input:
        measures="results/{study}/statistics/measures.tsv",
        tests="results/{study}/statistics/measure_tests.tsv",
    output:
        pdf="results/{study}/figures/measures_{measure}.pdf",
        png=report(
            "results/{study}/figures/measures_{measure}.png",
            caption="../report/measures.rst",
            category="Comparison of conditions",
            labels={"figure": "{measure} of annotated objects"},
        ),
    log:
        "logs/{study}/plot_measures_{measure}.log",
    benchmark:
        "results/{study}/benchmarks/plot_measures_{measure}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        # a model for counts does not measure
        test=next(
            (test for test in config["statistics"]["tests"] if test["test"] != "gee"),
            None,
        ),
        palette=PALETTE,
        code=code_id("plot_measures.py"),
    script:
        "../scripts/plot_measures.py"
