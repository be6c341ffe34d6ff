"""The tables that pass between rules: what each column means, checked on write and on read."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cellpheno.errors import StudyError
from cellpheno.files import whole

Kind = Literal["str", "float", "int", "bool"]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table.

    A name that ends in `*` stands for any number of columns with that beginning.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    allowed: tuple[str, ...] = ()
    minimum: float = -np.inf
    maximum: float = np.inf
    optional: bool = False
    """Whether values may be missing."""

    def matches(self, name: str) -> bool:
        """Whether a column of this name is described here."""
        return name.startswith(self.name[:-1]) if self.name.endswith("*") else name == self.name


@dataclasses.dataclass(frozen=True)
class Table:
    """A kind of table: its columns, the columns that name a row, and its version.

    Columns beyond the described ones may follow; they are kept as they are.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    version: int = 1
    further: tuple[Column, ...] = ()
    """Columns that may be there."""

    def empty(self) -> pd.DataFrame:
        """Return the table without rows, with the right columns and dtypes."""
        named = [column for column in self.columns if not column.name.endswith("*")]
        return pd.DataFrame({c.name: pd.Series(dtype=_DTYPES[c.kind]) for c in named})


_DTYPES = {"str": "str", "float": "float64", "int": "int64", "bool": "bool"}

SPLITS_ALLOWED = ("train", "val", "test", "predict")

FIELD = Column("field", "str", "field of view, the sample sheet's name for it")
CONDITION = Column("condition", "str", "experimental condition")
REPLICATE = Column("replicate", "str", "independent repeat of the experiment")
GROUP = Column("group", "str", "what must not be divided between splits: well, slide, patient")
SPLIT = Column("split", "str", "use of the field", allowed=SPLITS_ALLOWED)
BOX = (
    Column("x_min", "float", "left edge, in the box", "px"),
    Column("y_min", "float", "top edge, in the box", "px"),
    Column("x_max", "float", "right edge, just outside the box", "px"),
    Column("y_max", "float", "bottom edge, just outside the box", "px"),
)
BOX_COLUMNS = [column.name for column in BOX]
PROBABILITY = Column("p_*", "float", "probability of a class", minimum=0, maximum=1)
INTERVAL = (
    Column("ci_low", "float", "lower end of the 95 % interval", optional=True),
    Column("ci_high", "float", "upper end of the 95 % interval", optional=True),
)

QUALITY = Table(
    "quality",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        GROUP,
        Column("verdict", "str", "`ok`, or the reason why the field was set aside"),
        Column("saturated_fraction", "float", "worst channel", minimum=0, maximum=1, optional=True),
        Column("focus", "float", "worst channel, variance of the Laplacian", optional=True),
        Column("height", "float", "of the field", "px", optional=True),
        Column("width", "float", "of the field", "px", optional=True),
    ),
    key=("field",),
)
VALUES = Table(
    "values",
    (
        Column("channel", "str", "channel of the fields"),
        Column("value", "float", "raw count, or the end of a bin towards zero"),
        Column("pixels", "int", "of the fields that can be read, with this value", minimum=1),
    ),
    key=("channel", "value"),
)
RANGES = Table(
    "ranges",
    (
        Column("channel", "str", "channel of the fields"),
        Column("low", "float", "becomes 0 in every field", "raw counts"),
        Column("high", "float", "becomes 255 in every field", "raw counts"),
    ),
    key=("channel",),
)
LIMITS = Table(
    "limits",
    (
        Column("key", "str", "limit of the quality, as the config calls it"),
        Column("channel", "str", "channel it holds for"),
        Column("how", "str", "`fixed` by the config, `robust` by the study, or why there is none"),
        Column("limit", "float", "beyond it a field is set aside", optional=True),
        Column("median", "float", "of the study's fields", optional=True),
        Column("n", "int", "fields whose number is known", minimum=0),
    ),
    key=("key", "channel"),
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
        Column(
            "area",
            "float",
            "within the outline; missing where only a box is known",
            "px²",
            minimum=0,
            optional=True,
        ),
    ),
)
ANNOTATED_FIELDS = Table(
    "annotated_fields",
    (FIELD, Column("n_boxes", "int", "annotated cells; 0 where none was found", minimum=0)),
    key=("field",),
)
GONE_THROUGH = Table(
    "gone_through",
    (Column("annotator", "str", "who has gone through the field"), *ANNOTATED_FIELDS.columns),
    key=("annotator", "field"),
)
ANNOTATION_REPORT = Table(
    "annotation_report",
    (
        Column("source", "str", "annotation file, or who annotated"),
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
        Column("annotator", "str", "who is held against the reference"),
        Column("metric", "str", "recall and precision at an IoU, mean IoU, Cohen's kappa"),
        Column("value", "float", "the metric", optional=True),
        *INTERVAL,
        Column("n_fields", "int", "fields that both have gone through", minimum=0),
        Column("n", "int", "cells behind it", minimum=0),
    ),
    key=("reference", "annotator", "metric"),
)
HUMAN_MODEL = Table(
    "human_model",
    (
        Column("reference", "str", "what `rater` is held against: the truth or an annotator"),
        Column("rater", "str", "annotator, or the model"),
        Column("call", "str", "`all classes`, or the group of the two-way call"),
        Column("metric", "str", "recall and precision at an IoU; of common cells: accuracy, kappa"),
        Column("value", "float", "the metric", optional=True),
        *INTERVAL,
        Column("n_fields", "int", "test fields that both have gone through", minimum=0),
        Column("n", "int", "cells behind it", minimum=0),
    ),
    key=("reference", "rater", "call", "metric"),
)
SPLITS = Table("splits", (FIELD, GROUP, SPLIT), key=("field",))
LEAKS = Table(
    "leaks",
    (
        Column("first", "str", "field, or crop by field and box"),
        Column("second", "str", "what shows the same as the first"),
        Column("first_split", "str", "use of the first", allowed=SPLITS_ALLOWED),
        Column("second_split", "str", "use of the second", allowed=SPLITS_ALLOWED),
        Column(
            "kind",
            "str",
            "how they were found",
            allowed=("tracked", "near-duplicate image", "near-duplicate cell"),
        ),
        Column("turn", "str", "of the second, to look like the first"),
        Column("similarity", "float", "of the pictures", maximum=1.01, optional=True),
        Column("limit", "float", "similarity from which they count as the same", optional=True),
    ),
)
HELD_OUT = Table(
    "held_out",
    (Column("held_out", "str", "group that this fold tests on"), *SPLITS.columns),
    key=("held_out", "field"),
)
DETECTIONS = Table(
    "detections",
    (FIELD, *BOX, Column("score", "float", "detector's score", minimum=0, maximum=1)),
)
COMPARED_DETECTIONS = Table(
    "compared_detections",
    (Column("detector", "str", "which detector, by its name in the config"), *DETECTIONS.columns),
)
DETECTOR_SPEED = Table(
    "detector_speed",
    (
        Column("detector", "str", "which detector, by its name in the config"),
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
CELLS = Table(
    "cells",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        GROUP,
        *BOX,
        Column("det_score", "float", "detector's score", minimum=0, maximum=1),
        Column("cls_score", "float", "classifier's score of the call", minimum=0, maximum=1),
        Column("score", "float", "both scores fused", minimum=0, maximum=1),
        Column("call", "str", "class the cell was called"),
        PROBABILITY,
        SPLIT,
        Column("label", "str", "class of the annotated cell it matches", optional=True),
    ),
)
DETECTION_METRICS = Table(
    "detection_metrics",
    (
        Column("detector", "str", "architecture and backbone"),
        Column("seed", "int", "seed of the training"),
        SPLIT,
        Column("metric", "str", "name of the metric, with its IoU"),
        Column("value", "float", "the metric", optional=True),
        *INTERVAL,
        Column("n", "int", "annotated cells behind it", minimum=0),
    ),
)
CLASSIFICATION_METRICS = Table(
    "classification_metrics",
    (
        Column("experiment", "str", "which classifier"),
        Column("seed", "str", "seed of the training, or `mean` of all seeds"),
        SPLIT,
        Column("class", "str", "class, group of classes, or `all`"),
        Column("metric", "str", "name of the metric"),
        Column("value", "float", "the metric", optional=True),
        *INTERVAL,
        Column("n", "int", "annotated cells behind it", minimum=0),
    ),
)
SUBSET_METRICS = Table(
    "subset_metrics",
    (
        Column("column", "str", "column of the sample sheet"),
        Column("subset", "str", "its value for these fields"),
        Column("task", "str", "what was measured", allowed=("detection", "classification")),
        Column("class", "str", "class, group of classes, or `all`"),
        Column("metric", "str", "name of the metric, in detection with its IoU"),
        Column("value", "float", "the metric", optional=True),
        *INTERVAL,
        Column("n_fields", "int", "fields of the subset", minimum=1),
        Column("n", "int", "annotated cells behind it", minimum=0),
    ),
    key=("column", "subset", "task", "class", "metric"),
)
HISTORY = Table(
    "history",
    (
        Column("step", "int", "optimiser steps, or epochs, done so far", minimum=0),
        Column("split", "str", "which part of the data", allowed=("train", "val")),
        Column("class", "str", "class, group of classes, or `all`"),
        Column("metric", "str", "loss or accuracy"),
        Column("value", "float", "the metric", optional=True),
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
        Column("metric", "str", "name of the metric"),
        Column("value", "float", "the metric", optional=True),
    ),
    key=("rule", "threshold", "split", "class", "metric"),
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
FREQUENCIES = Table(
    "frequencies",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        Column("class", "str", "class, or group of classes"),
        Column("n_cells", "int", "cells counted in the field", minimum=0),
        Column("n_class", "int", "cells of the class", minimum=0),
        Column("frequency", "float", "n_class / n_cells", minimum=0, maximum=1, optional=True),
    ),
    key=("field", "class"),
)
TESTS = Table(
    "tests",
    (
        Column("class", "str", "class, or group of classes"),
        CONDITION,
        Column("control", "str", "condition it is held against"),
        Column("test", "str", "statistical test"),
        Column("n_units", "int", "independent units in both conditions", minimum=0),
        Column("unit", "str", "what was counted as independent"),
        Column("estimate", "float", "difference to control", optional=True),
        *INTERVAL,
        Column("effect", "str", "Hedges' g, odds ratio, or empty where there is none"),
        Column("effect_size", "float", "that effect size", optional=True),
        Column("effect_low", "float", "lower end of its 95 % interval", optional=True),
        Column("effect_high", "float", "upper end of its 95 % interval", optional=True),
        Column("statistic", "float", "of the test", optional=True),
        Column("degrees_of_freedom", "float", "of the statistic", minimum=0, optional=True),
        Column("p", "float", "two-sided", minimum=0, maximum=1, optional=True),
        Column("p_adjusted", "float", "for all comparisons", minimum=0, maximum=1, optional=True),
        Column("correction", "str", "how p was adjusted"),
        Column("n_control", "int", "independent units of the control", minimum=0),
        Column("n_condition", "int", "independent units of the condition", minimum=0),
        Column("mean_control", "float", "mean of the control's units", optional=True),
        Column("mean_condition", "float", "mean of the condition's units", optional=True),
        Column("warning", "str", "why not to take the result at face value; empty if nothing is"),
    ),
    key=("class", "condition", "test", "unit", "correction"),
)
MEASURE = (
    Column("measure", "str", "what was measured of an annotated object"),
    Column("measure_unit", "str", "in which unit"),
)
MEASURES = Table(
    "measures",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        Column("class", "str", "annotated class, or `all`"),
        *MEASURE,
        Column("n_objects", "int", "annotated objects whose measure is known", minimum=0),
        Column("value", "float", "their median", optional=True),
    ),
    key=("field", "class", "measure"),
)
MEASURE_TESTS = Table("measure_tests", (*MEASURE, *TESTS.columns), key=("measure", *TESTS.key))
EXPORT_LOSSES = Table(
    "export_losses",
    (
        Column("format", "str", "annotation format that was written"),
        Column("field", "str", "field of view, or `all`"),
        Column("what", "str", "what was not there when the file was read back"),
        Column("n", "int", "boxes concerned, or images", minimum=1),
        Column("consequence", "str", "for a study that takes the file back"),
    ),
    key=("format", "field", "what"),
)
NULL_SCOPES = ("one comparison", "whole experiment")
NULL_EXPERIMENTS = Table(
    "null_experiments",
    (
        Column("test", "str", "statistical test"),
        Column("unit", "str", "what was counted as independent"),
        Column("correction", "str", "how p was adjusted"),
        Column(
            "scope",
            "str",
            "whether one comparison, or any of the experiment, is called significant",
            allowed=NULL_SCOPES,
        ),
        Column("class", "str", "class, group of classes, or `all`"),
        Column("condition", "str", "condition that is compared, or `all`"),
        Column("n_experiments", "int", "simulated experiments that could be tested", minimum=0),
        Column("n_false_positives", "int", "of them called significant", minimum=0),
        Column("nominal", "float", "rate that is allowed", minimum=0, maximum=1),
        Column("rate", "float", "of false positives", minimum=0, maximum=1),
        *INTERVAL,
        Column("replicate_correlation", "float", "of two cells of a replicate", maximum=1),
        Column("field_correlation", "float", "of two cells of a field", maximum=1),
    ),
    key=("test", "unit", "correction", "scope", "class", "condition"),
)
CLAIM = (
    Column("claim_id", "str", "name of the claim"),
    Column("study", "str", "published study", allowed=("aim_cics", "cca", "jimt1")),
    Column("stage", "str", "part of the study"),
    Column("dataset", "str", "data that it was measured on"),
    Column("setting", "str", "how it was measured"),
    Column("metric", "str", "what was measured"),
    Column("bound", "str", "what the number is", allowed=("", "gt", "ge", "lt", "le", "approx")),
)
CLAIM_SOURCE = (
    Column("spread", "str", "sd of the published runs, or interval `low..high`; may be empty"),
    Column("unit", "str", "of the number"),
    Column("n", "str", "what it was measured on, as far as told"),
    Column("source", "str", "where it is printed"),
    Column("note", "str", "what is unclear about it"),
)
CLAIMS = Table(
    "claims",
    (
        *CLAIM,
        Column("value", "str", "published number, with the digits that are printed"),
        *CLAIM_SOURCE,
        Column("table", "str", "table of a run that answers it; empty where none does"),
        Column("where", "str", "its rows: `column=value;column=value|other value`"),
        Column("column", "str", "its column"),
        Column("summary", "str", "of these rows"),
    ),
    key=("claim_id",),
)
VERDICTS = ("reproduced", "differs", "not run", "not comparable (simulated)")
COMPARED_CLAIMS = Table(
    "compared_claims",
    (
        *CLAIM,
        Column("published", "str", "published number, with the digits that are printed"),
        *CLAIM_SOURCE,
        Column("ours", "float", "the same number of this run", optional=True),
        *INTERVAL,
        Column("verdict", "str", "what ours says to it", allowed=VERDICTS),
        Column("run", "str", "name of the run; empty where it was not run"),
    ),
    key=("claim_id",),
)
LABEL_ERRORS = Table(
    "label_errors",
    (
        FIELD,
        *BOX,
        Column("label", "str", "class given by the annotator"),
        Column("suggested", "str", "likeliest class by what was learned from other groups"),
        Column("quality", "float", "cleanlab's score of the label", minimum=0, maximum=1),
        Column(
            "neighbors_agree",
            "float",
            "share of the most similar cells of other groups that have the same class",
            minimum=0,
            maximum=1,
        ),
        Column("listed", "bool", "whether the label is likely wrong"),
        PROBABILITY,
        Column("rank", "int", "1 is the most suspicious cell", minimum=1),
    ),
    key=("rank",),
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
)


def write(frame: pd.DataFrame, path: str | Path, table: Table) -> None:
    """Check a table and write it, whole or not at all.

    Parameters
    ----------
    frame
        Rows of the table; described columns are put first, in their order.
    path
        Ends in `.parquet` or `.tsv`.
    table
        What kind of table it is.

    Raises
    ------
    StudyError
        When the frame is not such a table.
    """
    path = Path(path)
    frame = _checked(frame, table, f"the {table.name} table for {path}")
    with whole(path) as temporary:
        if path.suffix == ".parquet":
            arrow = pa.Table.from_pandas(frame, preserve_index=False)
            mark = json.dumps({"table": table.name, "version": table.version}).encode()
            arrow = arrow.replace_schema_metadata(
                {**(arrow.schema.metadata or {}), b"cellpheno": mark}
            )
            pq.write_table(arrow, temporary, compression="zstd")
        else:
            frame.to_csv(temporary, sep="\t", index=False, float_format="%.10g", na_rep="NA")


def read(path: str | Path, table: Table) -> pd.DataFrame:
    """Read a table and check that it is of the kind and version expected.

    Raises
    ------
    StudyError
        When the file is another table, of another version, or does not hold what it should.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        arrow = pq.read_table(path)
        mark = json.loads((arrow.schema.metadata or {}).get(b"cellpheno", b"{}"))
        if mark != {"table": table.name, "version": table.version}:
            raise StudyError(
                f"{path} is not a {table.name} table of version {table.version} (found: {mark}); "
                "delete it and run the workflow again to make it anew."
            )
        frame = arrow.to_pandas()
    else:
        # what is not described stays text: a well 007 is not the number 7
        frame = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False, na_values=["NA"])
    return _checked(frame, table, str(path))


def concatenate(frames: list[pd.DataFrame], table: Table) -> pd.DataFrame:
    """Stack tables of one kind; no tables give the empty table."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else (frames or [table.empty()])[0]


def _checked(frame: pd.DataFrame, table: Table, where: str) -> pd.DataFrame:
    """Return the frame with described columns first and cast, or say what is wrong with it."""
    order: list[str] = []
    columns: dict[str, pd.Series] = {}
    for column in (*table.columns, *table.further):
        names = [name for name in frame.columns if column.matches(name)]
        if not names and column in table.columns and not column.name.endswith("*"):
            raise StudyError(
                f"{where} lacks the column {column.name} ({column.meaning}); it may come from an "
                "older version: delete it and run the workflow again."
            )
        for name in names:
            columns[name] = _checked_column(frame[name], column, f"{where}, column {name},")
            order.append(name)
    rest = [name for name in frame.columns if name not in columns]
    checked = frame[order + rest].assign(**columns)
    if table.key and checked.duplicated(list(table.key)).any():
        twice = checked.loc[checked.duplicated(list(table.key)), list(table.key)].iloc[0].to_dict()
        raise StudyError(f"{where} holds {twice} more than once; each may stand once.")
    return checked


def _checked_column(values: pd.Series, column: Column, where: str) -> pd.Series:
    """Return one column with its dtype, or say which value does not fit."""
    missing = values.isna()
    if missing.any() and not column.optional:
        raise StudyError(f"{where} has no value in row {int(np.argmax(missing)) + 1}.")
    try:
        values = values.astype(_DTYPES[column.kind])
    except (ValueError, TypeError) as error:
        raise StudyError(f"{where} should hold {column.kind} values: {error}.") from error
    if column.allowed and not values[~missing].isin(column.allowed).all():
        found = values[~missing & ~values.isin(column.allowed)].iloc[0]
        raise StudyError(f"{where} holds {found!r}; allowed are {', '.join(column.allowed)}.")
    if column.kind in ("float", "int"):
        outside = ~missing & ~values.between(column.minimum, column.maximum)
        if outside.any():
            raise StudyError(
                f"{where} holds {values[outside].iloc[0]}, which is not between "
                f"{column.minimum} and {column.maximum}."
            )
    return values
