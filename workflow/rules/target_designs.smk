# Series of experiments on the target class: patients, learning curve.
PATIENTS, CURVE = DESIGNS.get("patients", []), DESIGNS.get("learning_curve", [])
RESULTS += results("metrics/patients.tsv", wanted=bool(PATIENTS))
RESULTS += results(
    "metrics/learning_curve.tsv", "metrics/learning_curve_fits.tsv", wanted=bool(CURVE)
)


rule evaluate_patients:
    """Measure what was trained on some patients on each of them (C41, C42, Table 6)."""
    input:
        judged=collect(
            "results/{{study}}/judged/{experiment}/seed{seed}.parquet",
            experiment=[member.experiment for member in PATIENTS],
            seed=SEEDS,
        ),
        fields="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
    output:
        metrics="results/{study}/metrics/patients.tsv",
    log:
        "logs/{study}/evaluate_patients.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_patients.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(4000),
        runtime=longer(120),
    params:
        members=[(member.base, member.value, member.experiment) for member in PATIENTS],
        training={
            member.experiment: configuration.experiment(config, member.experiment)[
                "training"
            ]
            for member in PATIENTS
        },
        detectors={
            member.experiment: judged_detectors(member.experiment)
            for member in PATIENTS
        },
        column=lookup("designs/patients/column", within=config, default=None),
        patients=expansion.patients(config, fields, "config") if PATIENTS else [],
        calls=lookup("calls", within=config),
        report_on="test",
        code=code_id("evaluate_patients.py"),
    script:
        "../scripts/evaluate_patients.py"


rule fit_learning_curve:
    """Fit how much the classifier gains from more cells (C43, figure 11)."""
    input:
        metrics="results/{study}/metrics/cell_level.tsv",
        classifiers="results/{study}/benchmarks/classifiers.tsv",
    output:
        points="results/{study}/metrics/learning_curve.tsv",
        fits="results/{study}/metrics/learning_curve_fits.tsv",
    log:
        "logs/{study}/fit_learning_curve.log",
    benchmark:
        "results/{study}/benchmarks/fit_learning_curve.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(2000),
        runtime=longer(60),
    params:
        members=[(member.base, member.value, member.experiment) for member in CURVE],
        seed=lookup("seed", within=config),
        code=code_id("fit_learning_curve.py"),
    script:
        "../scripts/fit_learning_curve.py"


use rule figure as plot_patients with:
    """Draw what training on some patients reaches on each of them (C41, table 6)."""
    input:
        metrics="results/{study}/metrics/patients.tsv",
    output:
        **drawn(
            "patients",
            "Target class",
            "training on some patients",
            wanted=bool(PATIENTS),
        ),
    pathvars:
        figure="patients",
    params:
        **drawn_by("plot_patients"),


use rule figure as plot_learning_curve with:
    """Draw what more annotated cells gain (C43, figure 11)."""
    input:
        points="results/{study}/metrics/learning_curve.tsv",
        fits="results/{study}/metrics/learning_curve_fits.tsv",
    output:
        **drawn("learning_curve", "Target class", "learning curve", wanted=bool(CURVE)),
    pathvars:
        figure="learning_curve",
    params:
        **drawn_by("plot_learning_curve"),
        target=TARGET,
