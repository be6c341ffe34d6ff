# One rule for each figure: tables in, PDF and PNG out. The PNG goes into the report.
FIGURES = [
    "quality",
    "quality_overview",
    "gallery_annotated",
    "class_shares",
    "cells_per_field",
    "classifier_training",
    "roc",
    "confusion",
    "thresholds",
    "embedding",
    "grad_cam",
]
# a figure of the experiment needs fields that take part in it
if COMPARED:
    FIGURES += [
        "annotated_fields",
        "gallery_called",
        "frequencies",
        "frequencies_stacked",
    ]
if config["statistics"]["control"] and len(COMPARED) > 1:
    FIGURES.append("effects")
# what people have drawn is found by itself, and patches of a grid are no cells
if DETECTORS:
    FIGURES += ["detection", "found_and_missed", "call_agreement"]
if len(DETECTORS) > 1:
    FIGURES.append("detectors")
if len(EXPERIMENTS) > 1:
    FIGURES.append("classifiers")
if LABEL_ERRORS:
    FIGURES.append("label_errors")
if HUMAN_MODEL:
    FIGURES.append("human_model")
if SUBSETS:
    FIGURES.append("subsets")
if config["export"]["count_clicks"]:
    FIGURES.append("annotation_work")
if config["embedding"]["experiments"]:
    FIGURES.append("embeddings")
if config["statistics"]["null_experiments"]:
    FIGURES.append("null_experiments")
if config["patch_filter"]["enabled"]:
    FIGURES.append("patch_filter")
if FLUORESCENCE:
    FIGURES += ["labels_from_stain", "two_classes", "calibration"]
    FIGURES += ["score_against_stain", "embedding_pictures"]
    if len(set(labels.trained_on(config).values())) > 1:
        FIGURES.append("across_data_sets")
if config["grad_cam"]["every_class"]:
    FIGURES.append("grad_cam_every_class")
if config["grad_cam"]["sanity"]:
    FIGURES.append("map_sanity")
if VIABILITY:
    FIGURES += ["viability", "viability_map"]
if TARGET:
    FIGURES += ["target_confusion", *(["fusion"] if DETECTORS else [])]
    FIGURES += [name for name in ("patients", "learning_curve") if name in DESIGNS]
FIGURES += [f"measures_{measure}" for measure in config["statistics"]["measures"]]
PALETTE = dict(
    classes=config["classes"],
    negative=config["negative_class"],
    groups=config["class_groups"],
    conditions=fields["condition"].drop_duplicates().tolist(),
    control=config["statistics"]["control"],
    scheme=config["figures"]["palette"],
    colours=config["figures"]["colours"],
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
