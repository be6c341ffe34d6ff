"""Tables of two classes defined by a stain: scores and how well they separate the classes."""

from cellpheno.tables.columns import (
    BOX,
    CLUSTERS,
    CONDITION,
    ESTIMATE,
    FIELD,
    INTERVAL,
    SPLIT,
    Column,
    Table,
)

DATA_SETS = (
    Column("experiment", "str", "name of the classifier; the mean of its seeds"),
    Column("trained_on", "str", "values of the column of training.only, or `all`"),
    Column("tested_on", "str", "one of these values, or `all`"),
)
SCORES = Table(
    "scores",
    (
        DATA_SETS[0],
        SPLIT,
        FIELD,
        CONDITION,
        *BOX,
        Column("mean", "float", "of the stain", "raw counts", minimum=0, optional=True),
        Column("label", "str", "class by the stain; missing: between both", optional=True),
        Column("score", "float", "probability of the dim class", minimum=0, maximum=1),
    ),
)
TWO_CLASSES = Table(
    "two_classes",
    (
        *DATA_SETS,
        Column("metric", "str", "name of the metric"),
        Column("method", "str", "what the interval counts as independent"),
        *ESTIMATE,
        Column("p", "float", "two-sided, of a correlation", minimum=0, maximum=1, optional=True),
        Column("n", "int", "patches behind it", minimum=0),
    ),
    key=("experiment", "tested_on", "metric", "method"),
)
TWO_CLASSES_ROC = Table(
    "two_classes_roc",
    (
        *DATA_SETS,
        Column("false_positive_rate", "float", "of the dim class", minimum=0, maximum=1),
        Column("true_positive_rate", "float", "of the dim class", minimum=0, maximum=1),
    ),
)
TWO_CLASSES_CONFUSION = Table(
    "two_classes_confusion",
    (
        *DATA_SETS,
        Column("label", "str", "class by the stain"),
        Column("call", "str", "class that the classifier finds likelier"),
        Column("n", "int", "patches", minimum=0),
    ),
    key=("experiment", "tested_on", "label", "call"),
)
CALIBRATION = Table(
    "calibration",
    (
        *DATA_SETS,
        Column("bin_low", "float", "lowest score of the bin", minimum=0, maximum=1),
        Column("bin_high", "float", "highest score of the bin", minimum=0, maximum=1),
        Column("mean_score", "float", "of its patches", minimum=0, maximum=1),
        Column("share", "float", "of its patches that the stain calls dim", minimum=0, maximum=1),
        *INTERVAL,
        *CLUSTERS,
        Column("n", "int", "patches", minimum=1),
    ),
    key=("experiment", "tested_on", "bin_low"),
)
