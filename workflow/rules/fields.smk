WARNINGS += [f"results/{STUDY}/qc/warnings.tsv"]


rule convert_fields:
    """Convert a shard of raw fields to 0-255 images and measure their quality (A2, A4)."""
    input:
        raw=raw_files,
        ranges=STUDY_RANGES,
    output:
        fields="results/{study}/converted/{shard}.npz",
        quality="results/{study}/qc/shards/{shard}.tsv",
    log:
        "logs/{study}/convert_fields/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/convert_fields/{shard}.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        rows=shard_rows,
        version=raw_version,
        channels=lookup("channels", within=config),
        image_files=lookup("image_files", within=config),
        composite=lookup("composite", within=config),
        composite_channels=inputs.composite(config),
        planes=inputs.planes(config),
        code=code_id("convert_fields.py"),
    script:
        "../scripts/convert_fields.py"


rule judge_fields:
    """Collect the quality of all fields and set bad ones aside (A4)."""
    input:
        shards=collect("results/{{study}}/qc/shards/{shard}.tsv", shard=SHARDS),
    output:
        fields="results/{study}/qc/fields.tsv",
        limits="results/{study}/qc/limits.tsv",
        set_aside="results/{study}/qc/set_aside.tsv",
        warnings="results/{study}/qc/warnings.tsv",
    log:
        "logs/{study}/judge_fields.log",
    benchmark:
        "results/{study}/benchmarks/judge_fields.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        sheet=lookup("fields", within=config),
        fields=fields["field"].tolist(),
        quality=lookup("quality", within=config),
        channels=lookup("channels", within=config),
        seed=lookup("seed", within=config),
        code=code_id("judge_fields.py"),
    script:
        "../scripts/judge_fields.py"
