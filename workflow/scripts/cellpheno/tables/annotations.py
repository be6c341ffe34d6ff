"""Tables of what people, real or simulated, have drawn."""

from cellpheno.tables.columns import (
    BOX,
    COMPLETE,
    ESTIMATE,
    FIELD,
    PROBABILITY,
    Column,
    Table,
)

BOXES = Table(
    "boxes",
    (
        FIELD,
        *BOX,
        Column("label", "str", "class given by the annotator"),
        Column("annotator", "str", "who drew the box"),
    ),
    further=(
        Column("area", "float", "within the outline, if known", "px²", minimum=0, optional=True),
    ),
)
ANNOTATED_FIELDS = Table(
    "annotated_fields",
    (
        FIELD,
        Column("n_boxes", "int", "annotated cells; 0 where none was found", minimum=0),
        COMPLETE,
    ),
    key=("field",),
)
GONE_THROUGH = Table(
    "gone_through",
    (Column("annotator", "str", "who has looked at the field"), *ANNOTATED_FIELDS.columns),
    key=("annotator", "field"),
)
ANNOTATION_REPORT = Table(
    "annotation_report",
    (
        Column("source", "str", "annotation file or annotator"),
        Column("image", "str", "annotated image, as the file names it"),
        Column("field", "str", "field of view that it shows", optional=True),
        Column("problem", "str", "what was found"),
        Column("action", "str", "what was done about it"),
        Column("n", "int", "regions concerned", minimum=0),
        Column("example", "str", "one of them"),
    ),
)
AGREEMENT = Table(
    "agreement",
    (
        Column("reference", "str", "the more senior annotator"),
        Column("annotator", "str", "who is compared with the reference"),
        Column("metric", "str", "recall and precision at an IoU, mean IoU, Cohen's kappa"),
        *ESTIMATE,
        Column("n_fields", "int", "fields that both have annotated completely", minimum=0),
        Column("n", "int", "cells behind it", minimum=0),
    ),
    key=("reference", "annotator", "metric"),
)
COUNTS = Table(
    "counts",
    (
        Column("split", "str", "use of the fields, or `all`"),
        Column("condition", "str", "experimental condition, or `all` (else `all together`)"),
        Column("class", "str", "class, group of classes, or `all`"),
        Column("n_fields", "int", "annotated fields of the split and condition", minimum=0),
        Column("n_cells", "int", "their annotated cells, or labelled patches", minimum=0),
    ),
    key=("split", "condition", "class"),
)
HUMAN_MODEL = Table(
    "human_model",
    (
        Column("reference", "str", "ground truth or annotator that `rater` is compared with"),
        Column("rater", "str", "annotator, or the model"),
        Column("call", "str", "`all classes`, or the group of the two-way call"),
        Column("metric", "str", "recall and precision at an IoU; of common cells: accuracy, kappa"),
        *ESTIMATE,
        Column("n_fields", "int", "test fields that both have annotated completely", minimum=0),
        Column("n", "int", "cells behind it", minimum=0),
    ),
    key=("reference", "rater", "call", "metric"),
)
ANNOTATION_WORK = Table(
    "annotation_work",
    (
        FIELD,
        Column("condition", "str", "experimental condition"),
        Column("rank", "int", "place in the order of uncertainty, from 1", minimum=1),
        Column("uncertainty", "float", "mean 1 - probability of the call", minimum=0, maximum=1),
        Column("n_cells", "int", "annotated cells", minimum=0),
        Column("n_proposed", "int", "proposed boxes", minimum=0),
        Column("n_right", "int", "proposed boxes with the right class and edges", minimum=0),
        Column("n_wrong_class", "int", "given another class", minimum=0),
        Column("n_moved", "int", "given other edges", minimum=0),
        Column("n_false", "int", "deleted", minimum=0),
        Column("n_missed", "int", "annotated cells that were not proposed", minimum=0),
        Column("clicks_drawing", "int", "clicks to draw missed cells", minimum=0),
        Column("clicks_correcting", "int", "clicks to correct class and edges", minimum=0),
        Column("clicks_deleting", "int", "clicks to delete false boxes", minimum=0),
        Column("clicks", "int", "all clicks of correcting the proposals", minimum=0),
        Column("clicks_from_nothing", "int", "clicks of annotating from nothing", minimum=0),
    ),
    key=("field",),
)
EXPORT_LOSSES = Table(
    "export_losses",
    (
        Column("format", "str", "annotation format that was written"),
        Column("field", "str", "field of view, or `all`"),
        Column("what", "str", "what was missing when the file was read back"),
        Column("n", "int", "boxes concerned, or images", minimum=1),
        Column("consequence", "str", "for a study that reads the file"),
    ),
    key=("format", "field", "what"),
)
LABEL_ERRORS = Table(
    "label_errors",
    (
        FIELD,
        *BOX,
        Column("label", "str", "class given by the annotator"),
        Column("suggested", "str", "likeliest class by what was learned from other groups"),
        Column("quality", "float", "cleanlab's score of the label", minimum=0, maximum=1),
        Column("neighbors_agree", "float", "share of the same class", minimum=0, maximum=1),
        Column("listed", "bool", "whether the label is likely wrong"),
        PROBABILITY,
        Column("rank", "int", "1 is the most suspicious cell", minimum=1),
    ),
    key=("rank",),
)
JUDGES = Table(
    "judges",
    (
        Column("judge", "str", "judge", allowed=("regression", "neighbours", "both", "each other")),
        Column("metric", "str", "agreement with labels", allowed=("accuracy", "kappa")),
        *ESTIMATE,
        Column("n", "int", "cells judged", minimum=0),
    ),
    key=("judge", "metric"),
)
FOUND_LABEL_ERRORS = Table(
    "found_label_errors",
    (
        Column("metric", "str", "name of the metric"),
        Column("value", "float", "the metric", optional=True),
        Column("n", "int", "cells behind it", minimum=0),
    ),
    key=("metric",),
)
TRUTH = Table(
    "truth",
    (FIELD, *BOX, Column("label", "str", "class that was simulated")),
    further=(
        Column("origin", "str", "what the cell really is, where its class hides it", optional=True),
    ),
)
