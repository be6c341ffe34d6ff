"""Measure how well annotators agree on the cells they find and their classes (C6)."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.annotations.table import Annotated
from cellpheno.core import boxes as geometry
from cellpheno.measuring.intervals import Estimate, Scale, estimate
from cellpheno.measuring.metrics import accuracy, kappa, share
from cellpheno.tables.columns import BOX_COLUMNS

MIN_IOU = 0.5

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The cells of f fields that two annotators have both looked at."""

    fields: list[str]
    reference: Array
    """[f] cells that the senior annotator drew."""
    other: Array
    """[f] cells that the other one drew."""
    overlap: Array
    """[f] IoU of the cells that both drew, summed."""
    confusion: Array
    """[f, classes, classes] cells that both drew, by the class of either."""

    @property
    def both(self) -> Array:
        """Cells that both drew, [f]."""
        return self.confusion.sum(axis=(1, 2))

    def classes(self, weights: Array) -> Array:
        """Return the confusion of all fields, [b, classes, classes], with fields weighted."""
        return np.tensordot(weights, self.confusion, axes=1)


Metric = Callable[[Pairs, Array], Array]
"""Pairs and weights of their fields [b, f] to values [b]."""

RECALL, PRECISION = f"recall@{MIN_IOU}", f"precision@{MIN_IOU}"
METRICS: dict[str, tuple[Metric, Callable[[Pairs], Array]]] = {
    RECALL: (lambda pairs, w: share(w @ pairs.both, w @ pairs.reference), lambda p: p.reference),
    PRECISION: (lambda pairs, w: share(w @ pairs.both, w @ pairs.other), lambda p: p.other),
    "mean_iou": (lambda pairs, w: share(w @ pairs.overlap, w @ pairs.both), lambda p: p.both),
    "accuracy": (lambda pairs, w: accuracy(pairs.classes(w)), lambda p: p.both),
    "kappa": (lambda pairs, w: kappa(pairs.classes(w)), lambda p: p.both),
}
"""By name: the metric, and the cells [f] that it rests on.

Recall is the share of the senior annotator's cells that the other one drew, precision that of the
other's cells that the senior one drew; accuracy and Cohen's kappa, missing with one class only, are
those of the class of cells that both drew.
"""


def match(reference: Annotated, other: Annotated) -> Pairs:
    """Pair the boxes of two annotators in the fields that both have annotated completely.

    Boxes with the highest overlap are paired first, each at most once, if the IoU is at least
    `MIN_IOU`.
    """
    fields = sorted(reference.complete & other.complete)
    classes = sorted({*reference.boxes["label"], *other.boxes["label"]})
    drawn, overlaps = np.zeros((2, len(fields))), np.zeros(len(fields))
    confusion = np.zeros((len(fields), len(classes), len(classes)))
    sides = [_by_field(part.boxes, classes) for part in (reference, other)]
    nothing = np.zeros((0, 4)), np.zeros(0, np.int64)
    for row, field in enumerate(fields):
        (senior, meant), (junior, called) = (side.get(field, nothing) for side in sides)
        drawn[:, row] = len(senior), len(junior)
        overlap = geometry.iou(junior, senior)
        found = geometry.match(junior, overlap.max(axis=1, initial=0), senior, MIN_IOU)
        paired = np.flatnonzero(found >= 0)
        overlaps[row] = overlap[paired, found[paired]].sum()
        np.add.at(confusion[row], (meant[found[paired]], called[paired]), 1)
    return Pairs(fields, drawn[0], drawn[1], overlaps, confusion)


def _by_field(
    boxes: pd.DataFrame, classes: list[str]
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]]:
    """Return boxes [n, 4] and class numbers [n] by field."""
    edges = boxes[BOX_COLUMNS].to_numpy()
    numbers = pd.Categorical(boxes["label"], categories=classes).codes.astype(np.int64)
    indices = boxes.groupby("field").indices
    return {str(field): (edges[rows], numbers[rows]) for field, rows in indices.items()}


def measure(
    pairs: Pairs, names: Iterable[str], group_of: Mapping[str, str]
) -> Iterator[list[object]]:
    """Yield name, fields of `Estimate`, and numbers of fields and cells of metrics.

    The intervals are over the groups of the fields, `group_of`.
    """
    clusters = [group_of[field] for field in pairs.fields]
    for name in names:
        metric, cells = METRICS[name]
        scale: Scale = "fisher" if name == "kappa" else "logit"
        value = estimate(partial(metric, pairs), clusters, scale)
        yield [name, *value, len(pairs.fields), int(cells(pairs).sum())]


def agreement(
    annotators: Sequence[tuple[str, Annotated]], group_of: Mapping[str, str]
) -> pd.DataFrame:
    """Compare every annotator with every more senior one.

    `annotators` are names and unmerged tables, the senior one first. Values are NaN where two
    annotators share no field. `group_of` has the group of every field.
    """
    rows, names = [], (RECALL, PRECISION, "mean_iou", "kappa")
    for (senior, reference), (junior, other) in itertools.combinations(annotators, 2):
        measured = measure(match(reference, other), names, group_of)
        rows += [[senior, junior, *row] for row in measured]
    columns = ["reference", "annotator", "metric", *Estimate._fields, "n_fields", "n"]
    return pd.DataFrame(rows, columns=columns)
