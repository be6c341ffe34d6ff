# Read only where the data could reproduce a published study.

# As an input it would make the table anew wherever the checkout is moved or dated anew; the
# parameter `published` tells when its content has changed.
os.environ["CELLPHENO_CLAIMS"] = str(workflow.source_path("../../resources/claims.tsv"))


envvars:
    "CELLPHENO_CLAIMS",


rule compare_claims:
    """Set the numbers of this run beside every published one, with a verdict."""
    input:
        answers=collect(
            "results/{{study}}/{table}",
            table=[
                "qc/fields.tsv",
                "annotations/counts.tsv",
                "benchmarks/classifiers.tsv",
                "metrics/classification.tsv",
                "statistics/frequencies.tsv",
            ]
            + (["metrics/detection.tsv"] if DETECTORS else [])
            + (["metrics/cell_level.tsv"] if TARGET else [])
            + (["metrics/image_level.tsv"] if TARGET and DETECTORS else [])
            + (["metrics/patients.tsv"] if "patients" in DESIGNS else [])
            + (["metrics/detectors.tsv"] if len(DETECTORS) > 1 else [])
            + (
                ["labels/mixture.tsv", "metrics/two_classes.tsv"]
                if FLUORESCENCE
                else []
            )
            + (
                ["patch_filter/metrics.tsv"]
                if config["patch_filter"]["enabled"]
                else []
            ),
        ),
    output:
        table=report(
            "results/{study}/claims.tsv",
            caption="../report/claims.rst",
            category="Published numbers",
            labels={"figure": "published numbers and ours (table)"},
        ),
    log:
        "logs/{study}/compare_claims.log",
    benchmark:
        "results/{study}/benchmarks/compare_claims.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(10),
    params:
        published_study=lookup("published_study", within=config),
        simulated="simulation" in config,
        run=STUDY,
        published=resource_id("claims.tsv"),
        code=code_id("compare_claims.py"),
    script:
        "../scripts/compare_claims.py"
