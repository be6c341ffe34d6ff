# A public data set onto this disk; only made by request, and on the machine of the command itself,
# because nodes of a cluster often reach no other network:
#
#   snakemake fetch --cores 1 --configfile config/cca.yaml


rule fetch:
    """Download the files of a public data set, check and unpack them (C11, L7)."""
    output:
        fetched=f"results/{config['study']}/fetched.tsv",
    log:
        f"logs/{config['study']}/fetch.log",
    benchmark:
        f"results/{config['study']}/benchmarks/fetch.tsv"
    localrule: True
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(1440),
    params:
        settings=lookup("fetch", within=config),
        folder=config["fetch"]["folder"] or config["data_root"],
        code=code_id("fetch_files.py"),
    script:
        "../scripts/fetch_files.py"
