"""Tables of how well the networks do."""

from cellpheno.tables.columns import (
    CLUSTERS,
    ESTIMATE,
    INTERVAL,
    METRIC,
    SPLIT,
    VALUE,
    Column,
    Table,
)

DETECTION_METRICS = Table(
    "detection_metrics",
    (
        Column("detector", "str", "architecture and backbone"),
        Column("seed", "int", "seed of the training"),
        SPLIT,
        Column("metric", "str", "name of the metric, with its IoU"),
        *ESTIMATE,
        Column("n", "int", "annotated cells behind it", minimum=0),
    ),
)
CLASSIFICATION_METRICS = Table(
    "classification_metrics",
    (
        Column("experiment", "str", "name of the classifier"),
        Column("seed", "str", "seed of the training, or `mean` of all seeds"),
        SPLIT,
        Column("class", "str", "class, group of classes, or `all`"),
        METRIC,
        *ESTIMATE,
        Column("n", "int", "annotated cells behind it", minimum=0),
    ),
)
CALL_METRICS = Table(
    "call_metrics",
    (
        SPLIT,
        Column("class", "str", "class, or `all`"),
        Column("metric", "str", "name of the metric, of average precision with its IoU"),
        *ESTIMATE,
        Column("n", "int", "annotated cells behind it", minimum=0),
    ),
    key=("split", "class", "metric"),
)
SUBSET_METRICS = Table(
    "subset_metrics",
    (
        Column("column", "str", "column of the sample sheet"),
        Column("subset", "str", "its value for these fields"),
        Column("task", "str", "what was measured", allowed=("detection", "classification")),
        Column("class", "str", "class, group of classes, or `all`"),
        Column("metric", "str", "name of the metric, in detection with its IoU"),
        *ESTIMATE,
        Column("n_fields", "int", "fields of the subset", minimum=1),
        Column("n", "int", "annotated cells behind it", minimum=0),
    ),
    key=("column", "subset", "task", "class", "metric"),
)
TASKS = ("detection", "classification", "target cells", "target images")
COMPARED = Table(
    "compared",
    (
        Column("task", "str", "what was measured", allowed=TASKS),
        Column("among", "str", "what the competitors are"),
        SPLIT,
        Column("metric", "str", "name of the metric, in detection with its IoU"),
        Column("first", "str", "one competitor"),
        Column("second", "str", "the other one"),
        Column("value_first", "float", "its metric", optional=True),
        Column("value_second", "float", "its metric", optional=True),
        Column("difference", "float", "second minus first, of the same cells", optional=True),
        *INTERVAL,
        *CLUSTERS,
        Column("p", "float", "of no difference, two-sided", minimum=0, maximum=1, optional=True),
        Column("p_adjusted", "float", "Holm, over the pairs", minimum=0, maximum=1, optional=True),
        Column(
            "verdict",
            "str",
            "what the second is, compared with the first",
            allowed=("better", "worse", "equivalent", "undecided"),
        ),
    ),
    key=("task", "among", "split", "metric", "first", "second"),
)
HISTORY = Table(
    "history",
    (
        Column("step", "int", "optimiser steps, or epochs, done so far", minimum=0),
        Column("split", "str", "part of the data", allowed=("train", "val")),
        Column("class", "str", "class, group of classes, or `all`"),
        Column("metric", "str", "loss or accuracy"),
        VALUE,
    ),
)
ROC = Table(
    "roc",
    (
        SPLIT,
        Column("class", "str", "class, or group of classes, against all others"),
        Column("false_positive_rate", "float", "1 - specificity", minimum=0, maximum=1),
        Column("true_positive_rate", "float", "sensitivity", minimum=0, maximum=1),
    ),
)
CONFUSION = Table(
    "confusion",
    (
        SPLIT,
        Column("label", "str", "annotated class"),
        Column("call", "str", "called class"),
        Column("n", "int", "cells", minimum=0),
    ),
)
THRESHOLDS = Table(
    "thresholds",
    (
        Column("rule", "str", "decision rule", allowed=("argmax", "best_positive")),
        Column("threshold", "float", "probability", minimum=0, maximum=1),
        SPLIT,
        Column("class", "str", "class, group of classes, or `all`"),
        METRIC,
        VALUE,
    ),
    key=("rule", "threshold", "split", "class", "metric"),
)
MAP_SANITY = Table(
    "map_sanity",
    (
        Column("step", "int", "parts destroyed so far; 0: none", minimum=0),
        Column("destroyed", "str", "last part destroyed; step 0: what is compared instead"),
        Column("rank_correlation", "float", "of maps before and after, mean over crops"),
        *INTERVAL,
        Column("n", "int", "crops", minimum=1),
    ),
    key=("step",),
)
