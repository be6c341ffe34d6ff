# What the experiment can find; only frequencies, by replicates.
WITH_POWER = (
    SEVERAL_CLASSES
    and bool(config["statistics"]["control"])
    and len(COMPARED) > 1
    and statistics.compared(config, fields)
    .groupby("condition")["replicate"]
    .nunique()
    .min()
    > 1
)
RESULTS += results("statistics/power.tsv", wanted=WITH_POWER)


rule estimate_power:
    """Estimate the smallest difference that is found, and what half of it takes."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
    output:
        table="results/{study}/statistics/power.tsv",
    log:
        "logs/{study}/estimate_power.log",
    benchmark:
        "results/{study}/benchmarks/estimate_power.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(10),
    params:
        control=lookup("statistics/control", within=config),
        design=lookup("statistics/design", within=config),
        # of the first test of replicates
        correction=next(
            (
                test["correction"]
                for test in config["statistics"]["tests"]
                if test["unit"] == "replicate"
            ),
            "none",
        ),
        classes=lookup("classes", within=config),
        groups=lookup("class_groups", within=config, default={}),
        excluded=lookup("statistics/exclude_classes", within=config),
        code=code_id("estimate_power.py"),
    script:
        "../scripts/estimate_power.py"


use rule figure as plot_power with:
    """Draw the smallest differences that are found, and what half of them take."""
    input:
        power="results/{study}/statistics/power.tsv",
    output:
        **drawn(
            "power",
            "Comparison of conditions",
            "smallest differences that are found",
            wanted=WITH_POWER,
        ),
    pathvars:
        figure="power",
    params:
        **drawn_by("plot_power"),
        palette=PALETTE,
