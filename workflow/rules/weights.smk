# Weights that networks start from are fitted before any network is trained.
FROM_WEIGHTS = starting_networks()
CHECKED_WEIGHTS = ["results/{study}/weights.tsv"] if any(FROM_WEIGHTS) else []


rule check_weights:
    """Build every network that starts from weights, so that a misfit ends no training."""
    input:
        [
            path
            for model in [
                *FROM_WEIGHTS[0].values(),
                *(model for model, _ in FROM_WEIGHTS[1].values()),
            ]
            for path in (model["weights"], model.get("backbone_weights"))
            if path
        ],
    output:
        "results/{study}/weights.tsv",
    log:
        "logs/{study}/check_weights.log",
    benchmark:
        "results/{study}/benchmarks/check_weights.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(30),
    params:
        classifiers=FROM_WEIGHTS[0],
        detectors=FROM_WEIGHTS[1],
        code=code_id("check_weights.py"),
    script:
        "../scripts/check_weights.py"
