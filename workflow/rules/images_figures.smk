# Figures of the quality of fields, and pictures to annotate by eye, by request only:
#
#   snakemake annotator_view


use rule figure as plot_quality with:
    """Draw the numbers on the quality of every field, with their limits (A4)."""
    input:
        quality="results/{study}/qc/fields.tsv",
        limits="results/{study}/qc/limits.tsv",
    output:
        **drawn("quality", "Quality of the fields", "numbers of every field"),
    pathvars:
        figure="quality",
    params:
        **drawn_by("plot_quality"),
        channels=lookup("channels", within=config),


use rule figure as plot_quality_overview with:
    """Show the fields that were set aside, with the reasons, next to the numbers of all (A4)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        quality="results/{study}/qc/fields.tsv",
        limits="results/{study}/qc/limits.tsv",
    output:
        **drawn("quality_overview", "Quality of the fields", "fields set aside"),
    pathvars:
        figure="quality_overview",
    params:
        **drawn_by("plot_quality_overview"),
        channels=lookup("channels", within=config),


rule annotator_view:
    """Name the pictures of all fields."""
    input:
        results("annotator_view/{shard}.tsv", shard=SHARDS),


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
