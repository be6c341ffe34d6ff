# Figures of the comparison between conditions.


rule plot_frequencies:
    """Draw how often each class is called in each condition: boxes, points, stars (A50)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
        tests="results/{study}/statistics/tests.tsv",
        planted=PLANTED_FREQUENCIES,
    output:
        pdf="results/{study}/figures/frequencies.pdf",
        png=report(
            "results/{study}/figures/frequencies.png",
            caption="../report/frequencies.rst",
            category="Comparison of conditions",
            labels={"figure": "frequencies"},
        ),
    log:
        "logs/{study}/plot_frequencies.log",
    benchmark:
        "results/{study}/benchmarks/plot_frequencies.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        test=config["statistics"]["tests"][0],
        palette=PALETTE,
        code=code_id("plot_frequencies.py"),
    script:
        "../scripts/plot_frequencies.py"


rule plot_frequencies_stacked:
    """Draw absolute and relative frequencies as stacked bars (A50)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
        tests="results/{study}/statistics/tests.tsv",
    output:
        pdf="results/{study}/figures/frequencies_stacked.pdf",
        png=report(
            "results/{study}/figures/frequencies_stacked.png",
            caption="../report/frequencies_stacked.rst",
            category="Comparison of conditions",
            labels={"figure": "frequencies, stacked"},
        ),
    log:
        "logs/{study}/plot_frequencies_stacked.log",
    benchmark:
        "results/{study}/benchmarks/plot_frequencies_stacked.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        unit=config["statistics"]["tests"][0]["unit"],
        palette=PALETTE,
        code=code_id("plot_frequencies_stacked.py"),
    script:
        "../scripts/plot_frequencies_stacked.py"


rule plot_effects:
    """Draw the differences to control with their intervals, for every way of testing."""
    input:
        tests="results/{study}/statistics/tests.tsv",
    output:
        pdf="results/{study}/figures/effects.pdf",
        png=report(
            "results/{study}/figures/effects.png",
            caption="../report/effects.rst",
            category="Comparison of conditions",
            labels={"figure": "differences to control"},
        ),
    log:
        "logs/{study}/plot_effects.log",
    benchmark:
        "results/{study}/benchmarks/plot_effects.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        tests=lookup("statistics/tests", within=config),
        palette=PALETTE,
        code=code_id("plot_effects.py"),
    script:
        "../scripts/plot_effects.py"
