"""Descriptions of columns and tables, and the columns that several tables share."""

import dataclasses
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["str", "float", "int", "bool"]


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table, or with a name that ends in `*`, all columns that begin so."""

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
        """Whether this describes a column of that name."""
        return name.startswith(self.name[:-1]) if self.name.endswith("*") else name == self.name


@dataclasses.dataclass(frozen=True)
class Table:
    """A kind of table: its columns, those that identify a row, and its version.

    Columns that are not described may follow and are kept as they are.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    version: int = 1
    further: tuple[Column, ...] = ()
    """Columns that may be missing."""

    def empty(self) -> pd.DataFrame:
        """Return a table without rows, with the right columns and dtypes."""
        named = [column for column in self.columns if not column.name.endswith("*")]
        return pd.DataFrame({c.name: pd.Series(dtype=DTYPES[c.kind]) for c in named})


DTYPES: dict[str, Any] = {"str": "str", "float": "float64", "int": "int64", "bool": "bool"}

SPLITS_ALLOWED = ("train", "val", "test", "predict", "unused")
FIELD = Column("field", "str", "name of the field of view in the sample sheet")
CONDITION = Column("condition", "str", "experimental condition")
REPLICATE = Column("replicate", "str", "independent repeat of the experiment")
GROUP = Column("group", "str", "fields that must stay in one split: of a well, slide, patient")
SPLIT = Column("split", "str", "use of the field", allowed=SPLITS_ALLOWED)
COMPLETE = Column("complete", "bool", "whether all its cells are annotated and the rest shows none")
BOX = (
    Column("x_min", "float", "left edge, in the box", "px"),
    Column("y_min", "float", "top edge, in the box", "px"),
    Column("x_max", "float", "right edge, just outside the box", "px"),
    Column("y_max", "float", "bottom edge, just outside the box", "px"),
)
BOX_COLUMNS = [column.name for column in BOX]
PROBABILITY = Column("p_*", "float", "probability of a class", minimum=0, maximum=1)
METRIC = Column("metric", "str", "name of the metric")
VALUE = Column("value", "float", "the metric", optional=True)
INTERVAL = (
    Column("ci_low", "float", "lower end of the 95 % interval", optional=True),
    Column("ci_high", "float", "upper end of the 95 % interval", optional=True),
)
CLUSTERS = (
    Column("n_clusters", "int", "independent groups (`splits.by`) that bear on it", minimum=0),
    Column("note", "str", "why there is no interval, if there is none"),
)
ESTIMATE = (VALUE, *INTERVAL, *CLUSTERS)
