# Figures of fields and cells: tables in, PDF and PNG out. The PNG goes into the report.


rule plot_quality:
    """Draw the numbers on the quality of every field, with their limits (A4)."""
    input:
        quality="results/{study}/qc/fields.tsv",
        limits="results/{study}/qc/limits.tsv",
    output:
        pdf="results/{study}/figures/quality.pdf",
        png=report(
            "results/{study}/figures/quality.png",
            caption="../report/quality.rst",
            category="Quality of the fields",
            labels={"figure": "numbers of every field"},
        ),
    log:
        "logs/{study}/plot_quality.log",
    benchmark:
        "results/{study}/benchmarks/plot_quality.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        channels=lookup("channels", within=config),
        code=code_id("plot_quality.py"),
    script:
        "../scripts/plot_quality.py"


rule plot_quality_overview:
    """Show the fields that were set aside, with the reasons, beside the numbers of all (A4)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        quality="results/{study}/qc/fields.tsv",
        limits="results/{study}/qc/limits.tsv",
    output:
        pdf="results/{study}/figures/quality_overview.pdf",
        png=report(
            "results/{study}/figures/quality_overview.png",
            caption="../report/quality_overview.rst",
            category="Quality of the fields",
            labels={"figure": "fields set aside"},
        ),
    log:
        "logs/{study}/plot_quality_overview.log",
    benchmark:
        "results/{study}/benchmarks/plot_quality_overview.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        channels=lookup("channels", within=config),
        code=code_id("plot_quality_overview.py"),
    script:
        "../scripts/plot_quality_overview.py"


rule plot_annotated_fields:
    """Draw typical fields with a coloured box and a score for every called cell (A45 to A47)."""
    input:
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        cells="results/{study}/cells.parquet",
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        pdf="results/{study}/figures/annotated_fields.pdf",
        png=report(
            "results/{study}/figures/annotated_fields.png",
            caption="../report/annotated_fields.rst",
            category="Calls",
            labels={"figure": "fields with calls"},
        ),
    log:
        "logs/{study}/plot_annotated_fields.log",
    benchmark:
        "results/{study}/benchmarks/plot_annotated_fields.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(20),
    params:
        splits=lookup("statistics/splits", within=config),
        without=lookup("statistics/exclude_conditions", within=config),
        palette=PALETTE,
        code=code_id("plot_annotated_fields.py"),
    script:
        "../scripts/plot_annotated_fields.py"


rule plot_class_shares:
    """Draw the shares of the classes, annotated and called (figure 4A)."""
    input:
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
        quality="results/{study}/qc/fields.tsv",
        cells="results/{study}/cells.parquet",
    output:
        pdf="results/{study}/figures/class_shares.pdf",
        png=report(
            "results/{study}/figures/class_shares.png",
            caption="../report/class_shares.rst",
            category="Calls",
            labels={"figure": "shares of the classes"},
        ),
    log:
        "logs/{study}/plot_class_shares.log",
    benchmark:
        "results/{study}/benchmarks/plot_class_shares.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        splits=lookup("statistics/splits", within=config),
        palette=PALETTE,
        code=code_id("plot_class_shares.py"),
    script:
        "../scripts/plot_class_shares.py"


rule plot_embedding:
    """Draw t-SNE and UMAP of the classifier's features (figure 5)."""
    input:
        cells="results/{study}/embedding/cells.parquet",
    output:
        pdf="results/{study}/figures/embedding.pdf",
        png=report(
            "results/{study}/figures/embedding.png",
            caption="../report/embedding.rst",
            category="Classification",
            labels={"figure": "t-SNE and UMAP"},
        ),
    log:
        "logs/{study}/plot_embedding.log",
    benchmark:
        "results/{study}/benchmarks/plot_embedding.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        code=code_id("plot_embedding.py"),
    script:
        "../scripts/plot_embedding.py"


rule plot_grad_cam:
    """Draw where in the crop the classifier looks."""
    input:
        cells="results/{study}/grad_cam/cells.parquet",
        maps="results/{study}/grad_cam/maps.npz",
    output:
        pdf="results/{study}/figures/grad_cam.pdf",
        png=report(
            "results/{study}/figures/grad_cam.png",
            caption="../report/grad_cam.rst",
            category="Classification",
            labels={"figure": "Grad-CAM"},
        ),
    log:
        "logs/{study}/plot_grad_cam.log",
    benchmark:
        "results/{study}/benchmarks/plot_grad_cam.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        code=code_id("plot_grad_cam.py"),
    script:
        "../scripts/plot_grad_cam.py"


rule plot_call_agreement:
    """Draw average precision by class, and called against annotated cells of each field."""
    input:
        metrics="results/{study}/metrics/calls.tsv",
        cells="results/{study}/cells.parquet",
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
    output:
        pdf="results/{study}/figures/call_agreement.pdf",
        png=report(
            "results/{study}/figures/call_agreement.png",
            caption="../report/call_agreement.rst",
            category="Calls",
            labels={"figure": "called against annotated cells"},
        ),
    log:
        "logs/{study}/plot_call_agreement.log",
    benchmark:
        "results/{study}/benchmarks/plot_call_agreement.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(20),
    params:
        palette=PALETTE,
        code=code_id("plot_call_agreement.py"),
    script:
        "../scripts/plot_call_agreement.py"
