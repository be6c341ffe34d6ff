# Weights that networks start from are fitted before any network is trained.
FROM_WEIGHTS = starting_weights.networks(config, TRAINED, DETECTORS)
CHECKED_WEIGHTS = [f"results/{{study}}/weights/{name}.tsv" for name in FROM_WEIGHTS]


rule check_weights:
    """Build every network of a library that starts from weights, so that a misfit ends no training."""
    input:
        weights=lambda wildcards: starting_weights.files(
            *FROM_WEIGHTS[wildcards.backend]
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
            )[wildcards.backend]
        ),
        code=detector_code("check_weights.py"),
    script:
        "../scripts/check_weights.py"
