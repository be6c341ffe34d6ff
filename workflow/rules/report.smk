# The report, and what a run leaves for those who repeat it; read last, when all is registered.
RESULTS += results("config.yaml", "report.zip", "run.json", "warnings.tsv")
# where the report finds this run's Snakemake; as parameters they would make it anew when moved
os.environ["CELLPHENO_PYTHON"] = sys.executable
os.environ["CELLPHENO_SNAKEFILE"] = str(workflow.main_snakefile)
# the report takes nothing from a docutils.conf in the study's folder
os.environ["DOCUTILSCONFIG"] = str(workflow.source_path("../report/docutils.conf"))
# Snakemake renders captions by an environment of Jinja of its own, which starts from these
jinja2.defaults.DEFAULT_FILTERS["plain"] = captions.plain


envvars:
    "CELLPHENO_PYTHON",
    "CELLPHENO_SNAKEFILE",
    "DOCUTILSCONFIG",
    "HF_HUB_OFFLINE",
    "PYTHONSAFEPATH",


# the text of the front page; only a report knows the key, which no config may have
if "--report" in sys.argv:
    config["front_page"] = {
        "compared": bool(COMPARED),
        "results": first_page.results(
            Path(f"results/{STUDY}"), next(iter(EXPERIMENTS), "")
        ),
        "tested": first_page.tested(Path(f"results/{STUDY}")),
        "designs": first_page.designs(Path(f"results/{STUDY}")),
    }


rule figures:
    """Make every figure of the study."""
    input:
        FIGURES,
    localrule: True


rule save_config:
    """Record the config with all defaults filled in, as it was used."""
    output:
        "results/{study}/config.yaml",
    log:
        "logs/{study}/save_config.log",
    benchmark:
        "results/{study}/benchmarks/save_config.tsv"
    localrule: True
    conda:
        "../../envs/snakemake.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(500),
        runtime=longer(10),
    params:
        config=config,
        code=code_id("save_config.py"),
    script:
        "../scripts/save_config.py"


rule collect_warnings:
    """Collect the warnings of all rules and of the checks before any job."""
    input:
        WARNINGS,
    output:
        warnings=report(
            "results/{study}/warnings.tsv",
            caption="../report/warnings.rst",
            category="Warnings",
            labels={"figure": "warnings (table)"},
        ),
    log:
        "logs/{study}/collect_warnings.log",
    benchmark:
        "results/{study}/benchmarks/collect_warnings.tsv"
    localrule: True
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(500),
        runtime=longer(10),
    params:
        at_start=notices.given(),
        code=code_id("collect_warnings.py"),
    script:
        "../scripts/collect_warnings.py"


rule report:
    """Put every figure and table into one report that opens in any browser (Snakemake's own)."""
    input:
        FIGURES,
        "results/{study}/statistics/tests.tsv",
        branch(bool(DETECTORS), then="results/{study}/metrics/detection.tsv"),
        branch(bool(EXPERIMENTS), then="results/{study}/metrics/classification.tsv"),
        "results/{study}/qc/fields.tsv",
        # shown, but behind no figure
        tables=[*results("warnings.tsv"), *SHOWN],
        config="results/{study}/config.yaml",
    output:
        "results/{study}/report.zip",
    log:
        "logs/{study}/report.log",
    benchmark:
        "results/{study}/benchmarks/report.tsv"
    localrule: True
    conda:
        "../../envs/snakemake.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(30),
    shell:
        # the Snakemake that runs this workflow: the rule's own environment holds none. --nolock:
        # that Snakemake holds the lock, and all its other jobs are done. -P: it does not look
        # through the study's folder for modules.
        '"$CELLPHENO_PYTHON" -P -m snakemake figures {input.tables:q} '
        '--snakefile "$CELLPHENO_SNAKEFILE" '
        "--configfile {input.config:q} --workflow-profile none --cores 1 --nolock "
        "--report {output:q} &> {log:q}"


# what the study was made from, apart from the raw images
STUDY_FILES = [
    config["fields"],
    *(path for own in ANNOTATORS for path in own["files"]),
    *starting_weights.files(
        [configuration.detector(config, name)["model"] for name in DETECTORS]
        + [configuration.experiment(config, name)["model"] for name in EXPERIMENTS],
        STUDY,
    ),
]


rule record_run:
    """Record versions, config, hashes, seeds, devices and durations for who repeats the run."""
    input:
        # behind which all the others lie
        "results/{study}/report.zip",
        quality="results/{study}/qc/fields.tsv",
    output:
        "results/{study}/run.json",
    log:
        "logs/{study}/record_run.log",
    benchmark:
        "results/{study}/benchmarks/record_run.tsv"
    localrule: True
    conda:
        "../../envs/snakemake.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(500),
        runtime=longer(30),
    params:
        config=config,
        files=[path for path in dict.fromkeys(STUDY_FILES) if path],
        code=code_id("record_run.py"),
    script:
        "../scripts/record_run.py"
