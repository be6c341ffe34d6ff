# Read only where the data could reproduce a published study.
CLAIMS = results("claims.tsv")
# tables that have numbers to compare with published ones
ANSWERS = results(
    "annotations/counts.tsv",
    "benchmarks/classifiers.tsv",
    "labels/mixture.tsv",
    "metrics/cell_level.tsv",
    "metrics/classification.tsv",
    "metrics/detection.tsv",
    "metrics/detectors.tsv",
    "metrics/image_level.tsv",
    "metrics/patients.tsv",
    "metrics/two_classes.tsv",
    "patch_filter/metrics.tsv",
    "qc/fields.tsv",
    "statistics/frequencies.tsv",
)
# As an input it would make the table anew wherever the checkout is moved or dated anew; the
# parameter `published` changes with its content.
PUBLISHED = workflow.source_path("../../resources/claims.tsv")
os.environ["CELLPHENO_CLAIMS"] = str(PUBLISHED)


envvars:
    "CELLPHENO_CLAIMS",


rule compare_claims:
    """Set the numbers of this run next to every published one, with a verdict."""
    input:
        answers=[path for path in RESULTS if path in ANSWERS],
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
        published=hashlib.sha256(Path(PUBLISHED).read_bytes()).hexdigest(),
        code=code_id("compare_claims.py"),
    script:
        "../scripts/compare_claims.py"


RESULTS += CLAIMS
SHOWN += CLAIMS
