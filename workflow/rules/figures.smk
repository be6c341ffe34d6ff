# One rule for each figure: tables in, PDF and PNG out. The PNG goes into the report.
FIGURES = [
    "quality",
    "annotated_fields",
    "class_shares",
    "detection",
    "classifier_training",
    "roc",
    "confusion",
    "embedding",
    "grad_cam",
    "frequencies",
    "frequencies_stacked",
    "effects",
]
PALETTE = dict(
    classes=config["classes"],
    negative=config["negative_class"],
    groups=config["class_groups"],
    conditions=fields["condition"].drop_duplicates().tolist(),
    control=config["statistics"]["control"],
)


rule figures:
    """Make every figure of the study."""
    input:
        collect(
            "results/{study}/figures/{figure}.{kind}",
            study=STUDY,
            figure=FIGURES,
            kind=["pdf", "png"],
        ),
    localrule: True


rule plot_quality:
    """Draw exposure and focus of every field and name those set aside (A4)."""
    input:
        quality="results/{study}/qc/fields.tsv",
    output:
        pdf="results/{study}/figures/quality.pdf",
        png=report(
            "results/{study}/figures/quality.png",
            caption="../report/quality.rst",
            category="Quality of the fields",
            labels={"figure": "exposure and focus"},
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
        runtime=20,
    params:
        quality=lookup("quality", within=config),
        code=code_id("plot_quality.py"),
    script:
        "../scripts/plot_quality.py"


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
        runtime=20,
    params:
        splits=lookup("statistics/splits", within=config),
        palette=PALETTE,
        code=code_id("plot_annotated_fields.py"),
    script:
        "../scripts/plot_annotated_fields.py"


rule plot_class_shares:
    """Draw the shares of the classes, annotated and called (figure 4A)."""
    input:
        boxes="results/{study}/annotations/boxes.parquet",
        splits="results/{study}/splits.tsv",
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
        runtime=20,
    params:
        splits=lookup("statistics/splits", within=config),
        palette=PALETTE,
        code=code_id("plot_class_shares.py"),
    script:
        "../scripts/plot_class_shares.py"


rule plot_detection:
    """Draw the detector's training and its metrics (figure 2C)."""
    input:
        history="results/{study}/detector/history.tsv",
        metrics="results/{study}/metrics/detection.tsv",
    output:
        pdf="results/{study}/figures/detection.pdf",
        png=report(
            "results/{study}/figures/detection.png",
            caption="../report/detection.rst",
            category="Detection",
            labels={"figure": "detector"},
        ),
    log:
        "logs/{study}/plot_detection.log",
    benchmark:
        "results/{study}/benchmarks/plot_detection.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=20,
    params:
        code=code_id("plot_detection.py"),
    script:
        "../scripts/plot_detection.py"


rule plot_classifier_training:
    """Draw the classifier's loss and accuracy, epoch by epoch (A40)."""
    input:
        history=f"results/{{study}}/classifier/{EXPERIMENTS[0]}/seed{SEEDS[0]}/history.tsv",
    output:
        pdf="results/{study}/figures/classifier_training.pdf",
        png=report(
            "results/{study}/figures/classifier_training.png",
            caption="../report/classifier_training.rst",
            category="Classification",
            labels={"figure": "classifier, training"},
        ),
    log:
        "logs/{study}/plot_classifier_training.log",
    benchmark:
        "results/{study}/benchmarks/plot_classifier_training.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=20,
    params:
        palette=PALETTE,
        code=code_id("plot_classifier_training.py"),
    script:
        "../scripts/plot_classifier_training.py"


rule plot_roc:
    """Draw the ROC curve of each class and group against all others (A39)."""
    input:
        roc="results/{study}/metrics/roc.parquet",
        metrics="results/{study}/metrics/classification.tsv",
    output:
        pdf="results/{study}/figures/roc.pdf",
        png=report(
            "results/{study}/figures/roc.png",
            caption="../report/roc.rst",
            category="Classification",
            labels={"figure": "ROC curves"},
        ),
    log:
        "logs/{study}/plot_roc.log",
    benchmark:
        "results/{study}/benchmarks/plot_roc.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=20,
    params:
        experiment=EXPERIMENTS[0],
        palette=PALETTE,
        code=code_id("plot_roc.py"),
    script:
        "../scripts/plot_roc.py"


rule plot_confusion:
    """Draw which annotated class was called what."""
    input:
        confusion="results/{study}/metrics/confusion.tsv",
    output:
        pdf="results/{study}/figures/confusion.pdf",
        png=report(
            "results/{study}/figures/confusion.png",
            caption="../report/confusion.rst",
            category="Classification",
            labels={"figure": "confusion matrix"},
        ),
    log:
        "logs/{study}/plot_confusion.log",
    benchmark:
        "results/{study}/benchmarks/plot_confusion.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=20,
    params:
        palette=PALETTE,
        code=code_id("plot_confusion.py"),
    script:
        "../scripts/plot_confusion.py"


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
        runtime=20,
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
        runtime=20,
    params:
        palette=PALETTE,
        code=code_id("plot_grad_cam.py"),
    script:
        "../scripts/plot_grad_cam.py"


rule plot_frequencies:
    """Draw how often each class is called in each condition: boxes, points, stars (A50)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
        tests="results/{study}/statistics/tests.tsv",
    output:
        pdf="results/{study}/figures/frequencies.pdf",
        png=report(
            "results/{study}/figures/frequencies.png",
            caption="../report/frequencies.rst",
            category="Statistics",
            labels={"figure": "frequencies"},
        ),
    log:
        "logs/{study}/plot_frequencies.log",
    benchmark:
        "results/{study}/benchmarks/plot_frequencies.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=20,
    params:
        test=config["statistics"]["tests"][0],
        palette=PALETTE,
        code=code_id("plot_frequencies.py"),
    script:
        "../scripts/plot_frequencies.py"


rule plot_frequencies_stacked:
    """Draw absolute and relative frequencies as stacked bars (A50)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
    output:
        pdf="results/{study}/figures/frequencies_stacked.pdf",
        png=report(
            "results/{study}/figures/frequencies_stacked.png",
            caption="../report/frequencies_stacked.rst",
            category="Statistics",
            labels={"figure": "frequencies, stacked"},
        ),
    log:
        "logs/{study}/plot_frequencies_stacked.log",
    benchmark:
        "results/{study}/benchmarks/plot_frequencies_stacked.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=20,
    params:
        unit=config["statistics"]["tests"][0]["unit"],
        palette=PALETTE,
        code=code_id("plot_frequencies_stacked.py"),
    script:
        "../scripts/plot_frequencies_stacked.py"


rule plot_effects:
    """Draw the differences to control with their intervals, for every way of testing."""
    input:
        tests="results/{study}/statistics/tests.tsv",
    output:
        pdf="results/{study}/figures/effects.pdf",
        png=report(
            "results/{study}/figures/effects.png",
            caption="../report/effects.rst",
            category="Statistics",
            labels={"figure": "differences to control"},
        ),
    log:
        "logs/{study}/plot_effects.log",
    benchmark:
        "results/{study}/benchmarks/plot_effects.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=20,
    params:
        tests=lookup("statistics/tests", within=config),
        palette=PALETTE,
        code=code_id("plot_effects.py"),
    script:
        "../scripts/plot_effects.py"
