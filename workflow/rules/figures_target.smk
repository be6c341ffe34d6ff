# Figures and tables of how well the class that is looked for is found.
SUMMARIES = [
    "inputs",
    *(["fusion"] if DETECTORS else []),
    *(name for name in (expansion.UNKNOWN, expansion.BACKBONES) if name in DESIGNS),
]
TARGET_SUMMARIES = [f"results/{STUDY}/tables/{name}.tsv" for name in SUMMARIES]


rule summarise_target:
    """List how well the target class is found as the paper's tables do (CCA, 2 to 5)."""
    input:
        cell_level="results/{study}/metrics/cell_level.tsv",
        image_level=branch(
            bool(DETECTORS),
            then="results/{study}/metrics/image_level.tsv",
            otherwise=[],
        ),
        classifiers="results/{study}/benchmarks/classifiers.tsv",
    output:
        **{
            name: report(
                f"results/{{study}}/tables/{name}.tsv",
                caption="../report/target_tables.rst",
                category="Target class",
                labels={"figure": f"{name.replace('_', ' ')} (table)"},
            )
            for name in SUMMARIES
        },
    log:
        "logs/{study}/summarise_target.log",
    benchmark:
        "results/{study}/benchmarks/summarise_target.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        experiments=EXPERIMENTS,
        members={
            name: [
                (member.base, member.value, member.experiment)
                for member in DESIGNS[name]
            ]
            for name in SUMMARIES
            if name in DESIGNS
        },
        code=code_id("summarise_target.py"),
    script:
        "../scripts/summarise_target.py"


rule plot_target_confusion:
    """Draw which annotated class each classifier takes for what (C55, figure 7)."""
    input:
        confusion="results/{study}/metrics/cell_confusion.tsv",
    output:
        pdf="results/{study}/figures/target_confusion.pdf",
        png=report(
            "results/{study}/figures/target_confusion.png",
            caption="../report/target_confusion.rst",
            category="Target class",
            labels={"figure": "confusion of each classifier"},
        ),
    log:
        "logs/{study}/plot_target_confusion.log",
    benchmark:
        "results/{study}/benchmarks/plot_target_confusion.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        experiments=EXPERIMENTS,
        palette=PALETTE,
        code=code_id("plot_target_confusion.py"),
    script:
        "../scripts/plot_target_confusion.py"


if DETECTORS:

    rule plot_fusion:
        """Draw how well the target class is found by detector, classifier and both (C53)."""
        input:
            metrics="results/{study}/metrics/image_level.tsv",
            weights="results/{study}/metrics/fusion_weights.tsv",
        output:
            pdf="results/{study}/figures/fusion.pdf",
            png=report(
                "results/{study}/figures/fusion.png",
                caption="../report/fusion.rst",
                category="Target class",
                labels={"figure": "fused scores"},
            ),
        log:
            "logs/{study}/plot_fusion.log",
        benchmark:
            "results/{study}/benchmarks/plot_fusion.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(2000),
            runtime=longer(20),
        params:
            code=code_id("plot_fusion.py"),
        script:
            "../scripts/plot_fusion.py"


if expansion.PATIENTS in DESIGNS:

    rule plot_patients:
        """Draw what training on some patients reaches on each of them (C41, table 6)."""
        input:
            metrics="results/{study}/metrics/patients.tsv",
        output:
            pdf="results/{study}/figures/patients.pdf",
            png=report(
                "results/{study}/figures/patients.png",
                caption="../report/patients.rst",
                category="Target class",
                labels={"figure": "training on some patients"},
            ),
        log:
            "logs/{study}/plot_patients.log",
        benchmark:
            "results/{study}/benchmarks/plot_patients.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(2000),
            runtime=longer(20),
        params:
            code=code_id("plot_patients.py"),
        script:
            "../scripts/plot_patients.py"


if expansion.CURVE in DESIGNS:

    rule plot_learning_curve:
        """Draw what more annotated cells gain (C43, figure 11)."""
        input:
            points="results/{study}/metrics/learning_curve.tsv",
            fits="results/{study}/metrics/learning_curve_fits.tsv",
        output:
            pdf="results/{study}/figures/learning_curve.pdf",
            png=report(
                "results/{study}/figures/learning_curve.png",
                caption="../report/learning_curve.rst",
                category="Target class",
                labels={"figure": "learning curve"},
            ),
        log:
            "logs/{study}/plot_learning_curve.log",
        benchmark:
            "results/{study}/benchmarks/plot_learning_curve.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(2000),
            runtime=longer(20),
        params:
            target=TARGET,
            code=code_id("plot_learning_curve.py"),
        script:
            "../scripts/plot_learning_curve.py"
