# Figures and tables of how well the target class is found.
SUMMARIES = [
    "inputs",
    *(["fusion"] if DETECTORS else []),
    *(name for name in (expansion.UNKNOWN, expansion.BACKBONES) if name in DESIGNS),
]
RESULTS += results("tables/{name}.tsv", name=SUMMARIES)
SHOWN += results("tables/{name}.tsv", name=SUMMARIES)


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


use rule figure as plot_target_confusion with:
    """Draw which annotated class each classifier takes for what (C55, figure 7)."""
    input:
        confusion="results/{study}/metrics/cell_confusion.tsv",
    output:
        **drawn("target_confusion", "Target class", "confusion of each classifier"),
    pathvars:
        figure="target_confusion",
    params:
        **drawn_by("plot_target_confusion"),
        experiments=EXPERIMENTS,
        palette=PALETTE,


use rule figure as plot_fusion with:
    """Draw how well the target class is found by detector, classifier and both (C53)."""
    input:
        metrics="results/{study}/metrics/image_level.tsv",
        weights="results/{study}/metrics/fusion_weights.tsv",
    output:
        **drawn("fusion", "Target class", "fused scores", wanted=bool(DETECTORS)),
    pathvars:
        figure="fusion",
    params:
        **drawn_by("plot_fusion"),
