# The plan: settings that the config leaves to the workflow follow from the fields and their cells.
RESULTS += results("plan/fingerprint.tsv", "plan/plan.tsv", "plan/plan.yaml")


rule take_fingerprint:
    """Measure what settings follow from: the annotated fields, their cells, the machine."""
    input:
        fields="results/{study}/qc/fields.tsv",
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        splits="results/{study}/splits.tsv",
        weights="results/{study}/named_weights.tsv" if NAMED_WEIGHTS else [],
    output:
        "results/{study}/plan/fingerprint.tsv",
    log:
        "logs/{study}/take_fingerprint.log",
    benchmark:
        "results/{study}/benchmarks/take_fingerprint.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        code=code_id("take_fingerprint.py"),
    script:
        "../scripts/take_fingerprint.py"


rule write_plan:
    """Write every planned setting with the reason for it, and who chose it."""
    input:
        fingerprint="results/{study}/plan/fingerprint.tsv",
    output:
        table=report(
            "results/{study}/plan/plan.tsv",
            caption="../report/plan.rst",
            category="Plan",
            labels={"figure": "settings and their reasons (table)"},
        ),
        text="results/{study}/plan/plan.yaml",
    log:
        "logs/{study}/write_plan.log",
    benchmark:
        "results/{study}/benchmarks/write_plan.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(10),
    params:
        config=config,
        code=code_id("write_plan.py"),
    script:
        "../scripts/write_plan.py"


rule estimate_cost:
    """Take the time of a few steps of each training, on noise (by request)."""
    input:
        fingerprint="results/{study}/plan/fingerprint.tsv",
    output:
        # the time of this machine is no result
        "results/{study}/benchmarks/cost.txt",
    log:
        "logs/{study}/estimate_cost.log",
    benchmark:
        "results/{study}/benchmarks/estimate_cost.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=longer(20),
    params:
        config=config,
        experiments=EXPERIMENTS,
        # the only job with the detectors of several libraries
        code=code_id(
            "estimate_cost.py",
            *[
                module_of(detector_libraries.BACKENDS[backend_of(name)])
                for name in DETECTORS
            ],
        ),
    script:
        "../scripts/estimate_cost.py"


rule plan:
    """Print the plan, and how long its trainings will take here."""
    input:
        f"results/{STUDY}/plan/plan.yaml",
        f"results/{STUDY}/benchmarks/cost.txt",
    log:
        f"logs/{STUDY}/plan.log",
    benchmark:
        f"results/{STUDY}/benchmarks/plan.tsv"
    localrule: True
    conda:
        "../../envs/snakemake.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(500),
        runtime=longer(10),
    shell:
        "cat {input:q} | tee {log:q}"
