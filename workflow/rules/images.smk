RESULTS += results("converted/{shard}.npz", "qc/shards/{shard}.tsv", shard=SHARDS)
RESULTS += results("qc/fields.tsv", "qc/limits.tsv")
WARNINGS += results("qc/warnings.tsv")
# one range per channel for the whole study takes a pass over the raw fields before the conversion
ONE_RANGE = config["composite"]["rescale"] == "study"
RESULTS += results("qc/ranges.tsv", wanted=ONE_RANGE)


rule count_values:
    """Count the values of each channel in a shard, in a table that is bounded (A2)."""
    input:
        raw=raw_files,
    output:
        values="results/{study}/qc/values/{shard}.parquet",
    log:
        "logs/{study}/count_values/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/count_values/{shard}.tsv"
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
        code=code_id("count_values.py"),
    script:
        "../scripts/count_values.py"


rule choose_ranges:
    """Choose the range of each channel from the counts of all shards (A2)."""
    input:
        shards=collect("results/{{study}}/qc/values/{shard}.parquet", shard=SHARDS),
    output:
        ranges="results/{study}/qc/ranges.tsv",
    log:
        "logs/{study}/choose_ranges.log",
    benchmark:
        "results/{study}/benchmarks/choose_ranges.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        percentiles=lookup("composite/percentiles", within=config),
        code=code_id("choose_ranges.py"),
    script:
        "../scripts/choose_ranges.py"


rule convert_fields:
    """Convert a shard of raw fields to 0-255 images and measure their quality (A2, A4)."""
    input:
        raw=raw_files,
        ranges=branch(ONE_RANGE, then="results/{study}/qc/ranges.tsv", otherwise=[]),
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
