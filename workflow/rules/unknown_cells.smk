# Classes of unknown cells by a classifier trained without them; read only where it is asked for.


rule guess_unknown_cells:
    """Guess the classes of unknown cells with the classifiers trained without them (C39)."""
    input:
        crops=crops_file("npy"),
        table=crops_file("parquet"),
        models=collect(
            "results/{{study}}/classifier/{{experiment}}/seed{seed}/model.pt",
            seed=SEEDS,
        ),
    output:
        guessed="results/{study}/classifier/{experiment}/guessed.parquet",
    log:
        "logs/{study}/guess_unknown_cells/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/guess_unknown_cells/{experiment}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(4000),
        runtime=longer(120),
    params:
        unknown_class=lambda wildcards: experiment_settings("training")(wildcards)[
            "unknown_class"
        ],
        inference=experiment_settings("inference"),
        precision=lookup("compute/precision", within=config),
        classes=lookup("classes", within=config),
        threads=lookup("compute/threads", within=config),
        code=code_id("guess_unknown_cells.py"),
    script:
        "../scripts/guess_unknown_cells.py"
