"""Tables of cells: detected, cropped, classified, called, mapped."""

from cellpheno.tables.columns import (
    BOX,
    CONDITION,
    FIELD,
    GROUP,
    PROBABILITY,
    REPLICATE,
    SPLIT,
    Column,
    Table,
)

DETECTIONS = Table(
    "detections",
    (FIELD, *BOX, Column("score", "float", "detector's score", minimum=0, maximum=1)),
)
COMPARED_DETECTIONS = Table(
    "compared_detections",
    (Column("detector", "str", "name of the detector in the config"), *DETECTIONS.columns),
)
DETECTOR_SPEED = Table(
    "detector_speed",
    (
        Column("detector", "str", "name of the detector in the config"),
        FIELD,
        Column("height", "int", "of the field", "px", minimum=1),
        Column("width", "int", "of the field", "px", minimum=1),
        Column("milliseconds", "float", "from the field's image to its boxes", "ms", minimum=0),
        Column("device", "str", "cpu or cuda"),
    ),
    key=("detector", "field"),
)
CROPS = Table(
    "crops",
    (
        FIELD,
        *BOX,
        Column("label", "str", "class of the annotated cell"),
        SPLIT,
        Column("crop_row", "int", "row in the array of crops", minimum=0),
    ),
)
CLASSIFIERS = Table(
    "classifiers",
    (
        Column("experiment", "str", "name of the classifier in the config"),
        Column("seed", "int", "seed of the training"),
        Column("backbone", "str", "of the network"),
        Column("input", "str", "name of the input in the config"),
        Column("n_parameters", "int", "of the network", minimum=0),
        Column("n_cells", "int", "cells in the training set", minimum=0),
        Column("training_seconds", "float", "duration of the training", "s", minimum=0),
        Column("device", "str", "cpu or cuda"),
    ),
    key=("experiment", "seed"),
)
PREDICTIONS = Table(
    "predictions",
    (
        FIELD,
        *BOX,
        Column("det_score", "float", "detector's score", minimum=0, maximum=1),
        PROBABILITY,
        Column("feature_row", "int", "row in the shard's array of features", minimum=0),
    ),
)
JUDGED_BOXES = Table(
    "judged_boxes",
    (
        Column("source", "str", "who made the box", allowed=("annotated", "detected")),
        Column("detector", "str", "name of the detector in the config", optional=True),
        FIELD,
        SPLIT,
        *BOX,
        Column("det_score", "float", "detector's score; 1 if annotated", minimum=0, maximum=1),
        Column("label", "str", "class of an annotated box", optional=True),
        PROBABILITY,
    ),
)
GUESSED_CELLS = Table(
    "guessed_cells",
    (Column("crop_row", "int", "row in the array of crops", minimum=0), PROBABILITY),
    key=("crop_row",),
)
CELLS = Table(
    "cells",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        GROUP,
        *BOX,
        Column("det_score", "float", "detector's score", minimum=0, maximum=1),
        Column("cls_score", "float", "of the call; of one class, det_score", minimum=0, maximum=1),
        Column("score", "float", "both scores fused", minimum=0, maximum=1),
        Column("call", "str", "class the cell was called"),
        PROBABILITY,
        SPLIT,
        Column("label", "str", "class of the annotated cell it matches", optional=True),
    ),
)
EMBEDDING = Table(
    "embedding",
    (
        FIELD,
        *BOX,
        Column("tsne_1", "float", "first t-SNE coordinate"),
        Column("tsne_2", "float", "second t-SNE coordinate"),
        Column("umap_1", "float", "first UMAP coordinate"),
        Column("umap_2", "float", "second UMAP coordinate"),
        SPLIT,
        Column("label", "str", "class of the annotated cell it matches", optional=True),
        Column("call", "str", "class the cell was called"),
    ),
)
