# One range per channel for the whole study (`composite.rescale: study`): a pass over the raw fields
# before they are converted.
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
