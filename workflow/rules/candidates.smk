# What is classified where no detector looks for cells; read only then.
RESULTS += results("detections/{shard}.parquet", shard=SHARDS, wanted=CALLED)


rule list_candidates:
    """List the patches of a sliding window, or the annotated objects, of a shard (L8)."""
    input:
        quality="results/{study}/qc/fields.tsv",
        objects=branch(
            config["candidates"]["source"] == "annotations",
            then=f"results/{{study}}/annotations/{DRAWN}.parquet",
            otherwise=[],
        ),
    output:
        candidates=(
            "results/{study}/candidates/{shard}.parquet"
            if config["patch_filter"]["enabled"]
            else "results/{study}/detections/{shard}.parquet"
        ),
    log:
        "logs/{study}/list_candidates/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/list_candidates/{shard}.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(20),
    params:
        fields=lambda wildcards: SHARDS[wildcards.shard]["field"].tolist(),
        grid=lookup("candidates/grid", within=config),
        code=code_id("list_candidates.py"),
    script:
        "../scripts/list_candidates.py"
