# Pictures and crops of every field, as the published tool gives them; only made by request:
#
#   snakemake field_outputs --cores 8 --resources gpu=1


rule field_outputs:
    """Name the folders of all shards (A44 to A48)."""
    input:
        collect(f"results/{STUDY}/field_outputs/{{shard}}.tsv", shard=SHARDS),
    localrule: True


rule draw_field_outputs:
    """Write pictures and crops of the fields of a shard, one folder each (A44 to A48)."""
    input:
        fields="results/{study}/converted/{shard}.npz",
        detections="results/{study}/detections/{shard}.parquet",
        cells="results/{study}/cells.parquet",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        # next to a folder of the same name: one that is an output is deleted with all that is in it
        folders="results/{study}/field_outputs/{shard}.tsv",
    log:
        "logs/{study}/draw_field_outputs/{shard}.log",
    benchmark:
        "results/{study}/benchmarks/draw_field_outputs/{shard}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(120),
    params:
        splits=lookup("field_outputs/splits", within=config),
        margin=configuration.experiment(config, EXPERIMENTS[0])["crops"]["margin"],
        palette={**PALETTE, "scheme": config["field_outputs"]["palette"]},
        code=code_id("draw_field_outputs.py"),
    script:
        "../scripts/draw_field_outputs.py"
