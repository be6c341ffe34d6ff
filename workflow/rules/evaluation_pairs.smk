# Pairs of networks: read when all that compares some is registered.
RESULTS += results("metrics/compared.tsv", wanted=bool(PAIRS))
SHOWN += results("metrics/compared.tsv", wanted=bool(PAIRS))


rule list_pairs:
    """List every two classifiers, detectors and fusion weights with their differences."""
    input:
        tables=PAIRS,
    output:
        compared=report(
            "results/{study}/metrics/compared.tsv",
            caption="../report/compared.rst",
            category="Classification",
            labels={"figure": "pairs of networks (table)"},
        ),
    log:
        "logs/{study}/list_pairs.log",
    benchmark:
        "results/{study}/benchmarks/list_pairs.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(10),
    params:
        code=code_id("list_pairs.py"),
    script:
        "../scripts/list_pairs.py"
