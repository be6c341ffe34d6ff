# cellpheno: from raw microscope images to tested biological claims.
#
#   snakemake --cores 8 --resources gpu=1                                  the default study
#   snakemake --cores 8 --resources gpu=1 --configfile config/ldc.yaml     another one
#   snakemake figures --cores 8 --resources gpu=1                          its figures alone
import os

from snakemake.utils import min_version

min_version("9.19")


conda: "envs/snakemake.yaml"


# An image of the environments (docs/environments.md). A site names it, not a study's config, which
# is not trusted to choose what runs.
if os.getenv("CELLPHENO_CONTAINER"):

    containerized: os.getenv("CELLPHENO_CONTAINER")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/lookups.smk"
include: "workflow/rules/weights.smk"


if "fetch" in config:

    include: "workflow/rules/fetch.smk"


if "simulation" in config:

    include: "workflow/rules/simulation.smk"


if config["composite"]["rescale"] == "study":

    include: "workflow/rules/study_range.smk"


include: "workflow/rules/fields.smk"
include: "workflow/rules/annotator_view.smk"
include: "workflow/rules/annotations.smk"


if DETECTORS:

    include: "workflow/rules/detection.smk"

else:

    include: "workflow/rules/candidates.smk"


if config["patch_filter"]["enabled"]:

    include: "workflow/rules/patch_filter.smk"


if config.get("simulation", {}).get("kind") == "live_dead":

    include: "workflow/rules/simulated_monolayer.smk"


if FLUORESCENCE:

    include: "workflow/rules/fluorescence_labels.smk"


if len(DETECTORS) > 1:

    include: "workflow/rules/detectors.smk"


include: "workflow/rules/leaks.smk"
include: "workflow/rules/classification.smk"
include: "workflow/rules/calls.smk"
include: "workflow/rules/embedding.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/figures_data.smk"
include: "workflow/rules/figures_cells.smk"
include: "workflow/rules/figures_networks.smk"


if DETECTORS:

    include: "workflow/rules/figures_detection.smk"


include: "workflow/rules/decisions.smk"
include: "workflow/rules/figures_statistics.smk"


if any(experiments.guesses(config, name) for name in TRAINED):

    include: "workflow/rules/unknown_cells.smk"


if TARGET:

    include: "workflow/rules/target.smk"
    include: "workflow/rules/figures_target.smk"


if LABEL_ERRORS:

    include: "workflow/rules/label_errors.smk"


if HUMAN_MODEL:

    include: "workflow/rules/human_model.smk"


if FLUORESCENCE:

    include: "workflow/rules/two_classes.smk"
    include: "workflow/rules/figures_stain.smk"


if SUBSETS:

    include: "workflow/rules/subsets.smk"


if config["embedding"]["experiments"]:

    include: "workflow/rules/embeddings.smk"


if EXPLANATIONS:

    include: "workflow/rules/explanations.smk"


if VIABILITY:

    include: "workflow/rules/viability.smk"


if MEASURE_TABLES:

    include: "workflow/rules/measures.smk"


if NULL_TABLES:

    include: "workflow/rules/null_experiments.smk"


if CLAIMS:

    include: "workflow/rules/claims.smk"


include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/field_outputs.smk"


rule all:
    default_target: True
    input:
        # all results by name, so that one that is deleted is made again with what depends on it
        collect(
            f"results/{STUDY}/{{name}}",
            name=[
                "annotations/boxes.parquet",
                "annotations/counts.tsv",
                "annotations/fields.tsv",
                "benchmarks/classifiers.tsv",
                "cells.parquet",
                "config.yaml",
                "embedding/cells.parquet",
                "grad_cam/cells.parquet",
                "grad_cam/maps.npz",
                "leaks.tsv",
                "metrics/classification.tsv",
                "metrics/confusion.tsv",
                "metrics/roc.parquet",
                "metrics/thresholds.tsv",
                "near_duplicates.tsv",
                "qc/fields.tsv",
                "qc/limits.tsv",
                "report.zip",
                "run.json",
                "splits.tsv",
                "statistics/frequencies.tsv",
                "statistics/tests.tsv",
                "warnings.tsv",
            ],
        ),
        collect(f"results/{STUDY}/converted/{{shard}}.npz", shard=SHARDS),
        collect(f"results/{STUDY}/qc/shards/{{shard}}.tsv", shard=SHARDS),
        collect(f"results/{STUDY}/detections/{{shard}}.parquet", shard=SHARDS),
        collect(
            f"results/{STUDY}/tiles/{{network_input}}",
            network_input=sorted(
                {configuration.detector(config, name)["input"] for name in DETECTORS}
            ),
        ),
        collect(
            f"results/{STUDY}/detector/{{detector}}/{{name}}",
            detector=sorted(
                {detection.trained_as(config, name) for name in DETECTORS}
            ),
            name=["model.pt", "history.tsv"],
        ),
        branch(
            bool(DETECTORS),
            then=[
                f"results/{STUDY}/metrics/detection.tsv",
                f"results/{STUDY}/metrics/calls.tsv",
            ],
        ),
        branch(bool(ANNOTATORS), then=f"results/{STUDY}/annotations/report.tsv"),
        branch(
            config["export"]["count_clicks"],
            then=f"results/{STUDY}/metrics/annotation_work.tsv",
        ),
        branch(
            len(DETECTORS) > 1,
            then=[
                f"results/{STUDY}/detector/compared.parquet",
                f"results/{STUDY}/metrics/detectors.tsv",
            ],
        ),
        collect(
            f"results/{STUDY}/crops/{{experiment}}.{{kind}}",
            experiment=sorted(
                {experiments.crops_as(config, name) for name in TRAINED}
            ),
            kind=["npy", "parquet"],
        ),
        collect(
            f"results/{STUDY}/leaks/{{experiment}}.tsv",
            experiment=EXPERIMENTS if PATCHES else [],
        ),
        collect(
            f"results/{STUDY}/classifier/{{experiment}}/seed{{seed}}/{{name}}",
            experiment=TRAINED,
            seed=SEEDS,
            name=["model.pt", "history.tsv"],
        ),
        collect(
            f"results/{STUDY}/predictions/{{experiment}}/seed{{seed}}/{{shard}}.{{kind}}",
            experiment=EXPERIMENTS,
            seed=SEEDS,
            shard=SHARDS,
            kind=["parquet", "features.npy"],
        ),
        rules.figures.input,
        SIMULATED_TABLES,
        collect(list(AGREEMENT.values()), study=STUDY),
        FLUORESCENCE_TABLES,
        EXPLANATIONS,
        VIABILITY,
        PLANTED_FREQUENCIES,
        PLANTED_VIABILITY,
        LABEL_ERRORS,
        HUMAN_MODEL,
        SUBSETS,
        MEASURE_TABLES,
        NULL_TABLES,
        CLAIMS,
        STUDY_RANGES,
        TARGET_TABLES,
        TARGET_SUMMARIES if TARGET else [],
