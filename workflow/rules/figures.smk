# What all figures have in common: tables in, PDF and PNG out. The PNG goes into the report.
PALETTE = dict(
    classes=config["classes"],
    # a single class is not drawn like those of no interest
    negative=config["negative_class"] if SEVERAL_CLASSES else None,
    groups=config["class_groups"],
    conditions=fields["condition"].drop_duplicates().tolist(),
    control=config["statistics"]["control"],
    scheme=config["figures"]["palette"],
    colours=config["figures"]["colours"],
)


rule figure:
    """Draw a figure; the rules of all figures inherit from this one."""
    output:
        pdf="results/{study}/figures/<figure>.pdf",
        png="results/{study}/figures/<figure>.png",
    log:
        "logs/{study}/plot_<figure>.log",
    benchmark:
        "results/{study}/benchmarks/plot_<figure>.tsv"
    pathvars:
        figure="figure",
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        script="plot_<figure>",
    script:
        "../scripts/{params.script}.py"
