# Pictures to annotate by eye, by request only: `snakemake annotator_view`.
rule annotator_view:
    """Name the pictures of all fields."""
    input:
        collect(f"results/{STUDY}/annotator_view/{{shard}}.tsv", shard=SHARDS),


rule draw_annotator_view:
    """Draw the fields of a shard for annotators, one PNG each (C3)."""
    input:
        raw=raw_files,
    output:
        # next to a folder of the same name: one that is an output is deleted with all work in it
        pictures="results/{study}/annotator_view/{shard}.tsv",
    log:
        "logs/{study}/draw_annotator_view/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/draw_annotator_view/{shard}.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(120),
    params:
        rows=shard_rows,
        version=raw_version,
        view=lookup("annotator_view", within=config),
        image_files=lookup("image_files", within=config),
        code=code_id("draw_annotator_view.py"),
    script:
        "../scripts/draw_annotator_view.py"
