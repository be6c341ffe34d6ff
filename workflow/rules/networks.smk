# Weights that networks start from: those with names are fetched, and all are fitted before any
# network is trained.
NAMED_WEIGHTS = named_weights.wanted(config, TRAINED, DETECTORS)
WARNINGS += results("warnings/fetch_weights.tsv", wanted=bool(NAMED_WEIGHTS))
FROM_WEIGHTS = starting_weights.networks(config, TRAINED, DETECTORS)
CHECKED_WEIGHTS = [f"results/{{study}}/weights/{name}.tsv" for name in FROM_WEIGHTS]


rule fetch_weights:
    """Fetch weights of published networks by their names, on the machine of the command itself."""
    output:
        folder=directory("results/{study}/named_weights"),
        table="results/{study}/named_weights.tsv",
        warnings="results/{study}/warnings/fetch_weights.tsv",
    log:
        "logs/{study}/fetch_weights.log",
    benchmark:
        "results/{study}/benchmarks/fetch_weights.tsv"
    localrule: True
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(120),
    params:
        wanted=NAMED_WEIGHTS,
        code=code_id("fetch_weights.py"),
    script:
        "../scripts/fetch_weights.py"


rule check_weights:
    """Build every network of a library that starts from weights, so that a misfit ends no training."""
    input:
        weights=lambda wildcards: starting_weights.of_library(
            FROM_WEIGHTS[wildcards.backend], STUDY
        ),
        plan=PLANNED,
    output:
        "results/{study}/weights/{backend}.tsv",
    log:
        "logs/{study}/check_weights/{backend}.log",
    benchmark:
        "results/{study}/benchmarks/check_weights/{backend}.tsv"
    # Snakemake makes no container recipe where a rule without a job has no fixed environment
    conda:
        detector_environment if FROM_WEIGHTS else "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(30),
    params:
        **planned(
            networks=lambda config, wildcards: starting_weights.networks(
                config, TRAINED, DETECTORS
            ).get(wildcards.backend, ({}, {}))
        ),
        code=detector_code("check_weights.py"),
    script:
        "../scripts/check_weights.py"
