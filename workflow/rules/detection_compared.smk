# The detectors of the config compared; read only when there are several.
RESULTS += results("detector/compared.parquet", "metrics/detectors.tsv")
# the detectors of each library, which has an environment of its own
BY_BACKEND = {
    backend: [name for name in DETECTORS if backend_of(name) == backend]
    for backend in dict.fromkeys(map(backend_of, DETECTORS))
}
FULL_FIELDS_COMPARED = (
    {"warnings": "results/{study}/warnings/compare_detectors/{backend}.tsv"}
    if any(map(keeps_best, DETECTORS))
    else {}
)
WARNINGS += collect(
    list(FULL_FIELDS_COMPARED.values()), study=STUDY, backend=BY_BACKEND
)

PAIRS += results("metrics/pairs/detection.tsv")


rule compare_detectors:
    """Find the cells of held-out fields with a library's detectors, and take the time (A22, A24)."""
    input:
        fields=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
        quality="results/{study}/qc/fields.tsv",
        splits="results/{study}/splits.tsv",
        models=lambda wildcards: [
            f"results/{STUDY}/detector/{detection.trained_as(config, name)}/model.pt"
            for name in BY_BACKEND[wildcards.backend]
        ],
        plan=PLANNED,
    output:
        **FULL_FIELDS_COMPARED,
        detections="results/{study}/detector/compared/{backend}.parquet",
        speed="results/{study}/benchmarks/compared_detectors/{backend}.tsv",
    log:
        "logs/{study}/compare_detectors/{backend}.log",
    benchmark:
        "results/{study}/benchmarks/compare_detectors/{backend}.tsv"
    conda:
        detector_environment
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(6000),
        runtime=longer(240),
    params:
        **planned(
            inference=lambda config, wildcards: {
                name: configuration.detector(config, name)["inference"]
                for name in BY_BACKEND[wildcards.backend]
            }
        ),
        threads=lookup("compute/threads", within=config),
        precision=lookup("compute/precision", within=config),
        code=detector_code("compare_detectors.py"),
    script:
        "../scripts/compare_detectors.py"


rule evaluate_detectors:
    """Measure every detector on the held-out fields (A21, A22)."""
    input:
        detections=collect(
            "results/{{study}}/detector/compared/{backend}.parquet",
            backend=BY_BACKEND,
        ),
        speed=collect(
            "results/{{study}}/benchmarks/compared_detectors/{backend}.tsv",
            backend=BY_BACKEND,
        ),
        boxes=f"results/{{study}}/annotations/{DRAWN}.parquet",
        splits="results/{study}/splits.tsv",
    output:
        detections="results/{study}/detector/compared.parquet",
        speed="results/{study}/benchmarks/detectors.tsv",
        metrics="results/{study}/metrics/detectors.tsv",
        compared="results/{study}/metrics/pairs/detection.tsv",
    log:
        "logs/{study}/evaluate_detectors.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_detectors.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=scaled(1000),
        runtime=longer(30),
    params:
        classes={name: detection.detected_classes(config, name) for name in DETECTORS},
        min_scores={
            name: configuration.detector(config, name)["inference"]["min_score"]
            for name in DETECTORS
        },
        seed=lookup("seed", within=config),
        margin=lookup("evaluation/equivalence_margin", within=config),
        code=code_id("evaluate_detectors.py"),
    script:
        "../scripts/evaluate_detectors.py"


use rule figure as plot_detectors with:
    """Draw the detectors side by side: recall, precision, F and time per field (figure S2)."""
    input:
        metrics="results/{study}/metrics/detectors.tsv",
        compared="results/{study}/metrics/pairs/detection.tsv",
        speed="results/{study}/benchmarks/detectors.tsv",
        plan=PLANNED,
    output:
        **drawn("detectors", "Detection", "detectors side by side"),
    pathvars:
        figure="detectors",
    params:
        **drawn_by("plot_detectors"),
        **planned(
            described=lambda config, _: {
                name: "{architecture}, {backbone}{of}, scale {scale:g}".format(
                    **configuration.detector(config, name)["model"],
                    of=(
                        ""
                        if backend_of(name) == "torchvision"
                        else f" of {backend_of(name)}"
                    ),
                    scale=configuration.detector(config, name)["inference"]["scale"],
                )
                for name in DETECTORS
            }
        ),
