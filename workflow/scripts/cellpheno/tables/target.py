"""Tables of how well cells of the target class are found, by cell and by image."""

from cellpheno.tables.columns import CLUSTERS, INTERVAL, METRIC, SPLIT, VALUE, Column, Table

BASE = Column("base", "str", "experiment that the classifiers are variants of")
DETECTOR = Column("detector", "str", "detector of the judged boxes")
EXPERIMENT = Column("experiment", "str", "name of the classifier")
CONVENTION = Column("convention", "str", "source of threshold", allowed=("published", "sound"))
"""A published threshold is from the reported split, a sound one from val."""
SEED = Column("seed", "str", "seed of the training, or `mean` of all seeds")
SD = Column("sd", "float", "standard deviation of the mean over seeds", optional=True)

CELL_LEVEL = Table(
    "cell_level",
    (
        EXPERIMENT,
        CONVENTION,
        SPLIT,
        Column("metric", "str", "auroc, f1, precision or recall of the target class"),
        SEED,
        VALUE,
        SD,
        *INTERVAL,
        *CLUSTERS,
        Column("threshold", "float", "probability at which it was measured", optional=True),
        Column("n", "int", "annotated cells of the target class", minimum=0),
        Column("n_cells", "int", "annotated cells", minimum=0),
    ),
    key=("experiment", "convention", "split", "metric", "seed"),
)
CELL_CONFUSION = Table(
    "cell_confusion",
    (
        EXPERIMENT,
        Column("seed", "str", "seed of the training"),
        SPLIT,
        Column("label", "str", "annotated class"),
        Column("call", "str", "likeliest class"),
        Column("n", "int", "cells", minimum=0),
    ),
    key=("experiment", "seed", "split", "label", "call"),
)
IMAGE_LEVEL = Table(
    "image_level",
    (
        EXPERIMENT,
        DETECTOR,
        Column("weight", "str", "of the classifier: a number, or learnt on val"),
        CONVENTION,
        SPLIT,
        Column("metric", "str", "ap50 or f1, or its gain over the detector alone"),
        SEED,
        VALUE,
        SD,
        *INTERVAL,
        *CLUSTERS,
        Column("weight_used", "float", "of the classifier", minimum=0, maximum=1),
        Column("n", "int", "annotated cells of the target class", minimum=0),
        Column("n_fields", "int", "images", minimum=0),
    ),
    key=("experiment", "detector", "weight", "convention", "split", "metric", "seed"),
)
FUSION_WEIGHTS = Table(
    "fusion_weights",
    (
        EXPERIMENT,
        DETECTOR,
        Column("seed", "str", "seed of the classifier's training"),
        Column("weight", "float", "of the classifier", minimum=0, maximum=1),
        Column("ap50", "float", "average precision on val", optional=True),
        Column("chosen", "bool", "whether it is the learnt weight"),
    ),
    key=("experiment", "detector", "seed", "weight"),
)
PATIENTS = Table(
    "patients",
    (
        BASE,
        Column("trained_on", "str", "patients of the training set: all, only x, without x"),
        Column("tested_on", "str", "patient, or `unseen`: all outside the training set"),
        Column("seen", "bool", "whether the training set contains the patient"),
        Column("level", "str", "of cells or of whole images", allowed=("cell", "image")),
        CONVENTION,
        METRIC,
        SEED,
        Column("unit", "str", "what the interval counts", allowed=("groups", "patients")),
        VALUE,
        SD,
        *INTERVAL,
        *CLUSTERS,
        Column("n_fields", "int", "measured fields", minimum=0),
    ),
)
LEARNING_CURVE = Table(
    "learning_curve",
    (
        BASE,
        Column("share", "float", "of the training fields", minimum=0, maximum=1),
        Column("seed", "str", "seed of the training and of the choice of fields"),
        Column("n_cells", "int", "cells of the training set", minimum=0),
        Column("metric", "str", "auroc or f1 of the target class"),
        VALUE,
    ),
    key=("base", "share", "seed", "metric"),
)
LEARNING_CURVE_FITS = Table(
    "learning_curve_fits",
    (
        BASE,
        Column("metric", "str", "auroc or f1 of the target class"),
        Column("ceiling", "float", "a of a - b n^-c", optional=True),
        Column("factor", "float", "b", optional=True),
        Column("exponent", "float", "c", optional=True),
        Column("n_cells", "float", "cells of the whole training set", minimum=0),
        Column("value", "float", "of the curve at that number", optional=True),
        Column("more_cells", "float", "cells to gain one point; missing: none", optional=True),
        Column("more_low", "float", "lower end of its interval over seeds", optional=True),
        Column("more_high", "float", "upper end; missing: no number of cells", optional=True),
        Column("sentence", "str", "the curve in words"),
    ),
    key=("base", "metric"),
)
TARGET_SUMMARY = Table(
    "target_summary",
    (
        EXPERIMENT,
        Column("detector", "str", "of the judged boxes; empty: annotated cells", optional=True),
        Column("weight", "str", "of the classifier in the fused score", optional=True),
        Column("level", "str", "of cells or of whole images", allowed=("cell", "image")),
        CONVENTION,
        SPLIT,
        Column("n_seeds", "int", "trainings that the means are taken over", minimum=0),
        Column("backbone", "str", "of the classifier", optional=True),
        Column("input", "str", "what the classifier sees", optional=True),
        Column("n_parameters", "float", "of the classifier", minimum=0, optional=True),
        Column("training_seconds", "float", "mean time of a training", "s", optional=True),
    ),
    further=(
        Column("base", "str", "experiment that it is a variant of"),
        Column("value", "str", "what it differs in"),
        *(
            Column(f"{name}*", "float", "mean over seeds; _sd: standard deviation", optional=True)
            for name in ("auroc", "f1", "precision", "recall", "ap50")
        ),
    ),
)
