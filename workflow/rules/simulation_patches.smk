# A person's marks of good and empty patches, imitated; read only where a monolayer is simulated.


rule draw_patch_examples:
    """Mark good and empty patches as a person would, for the filter to learn from (L9)."""
    output:
        examples=simulated_files.patch_examples(config)[0],
    log:
        f"logs/{STUDY}/draw_patch_examples.log",
    benchmark:
        f"results/{STUDY}/benchmarks/draw_patch_examples.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        study=STUDY,
        rows=fields.to_dict("records"),
        settings=lookup("simulation", within=config),
        negative_class=lookup("negative_class", within=config),
        grid=lookup("candidates/grid", within=config),
        seed=lookup("seed", within=config),
        code=code_id("draw_patch_examples.py"),
    script:
        "../scripts/draw_patch_examples.py"
