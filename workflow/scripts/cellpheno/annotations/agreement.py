"""How well annotators agree: cells found by both, and the classes they give them (C6)."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from cellpheno.annotations.table import Annotated
from cellpheno.core import boxes as geometry
from cellpheno.core.randomness import generator
from cellpheno.tables.columns import BOX_COLUMNS

MIN_IOU = 0.5
DRAWS = 1000
"""How often fields are redrawn for an interval."""

Weights = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The cells of fields that two annotators have both gone through."""

    reference: npt.NDArray[np.int64]
    """[f] cells that the senior annotator drew in each field."""
    other: npt.NDArray[np.int64]
    """[f] cells that the other one drew."""
    fields: npt.NDArray[np.int64]
    """[n] field of each cell that both drew, a row of `reference`."""
    iou: npt.NDArray[np.float64]
    """[n] overlap of the two boxes."""
    labels: npt.NDArray[np.int64]
    """[n, 2] number of the class by either."""


# A metric is a function of the pairs and of how often each field is drawn.
Metric = Callable[[Pairs, Weights], float]


def recall(pairs: Pairs, weights: Weights) -> float:
    """Return the share of the senior annotator's cells that the other one drew."""
    drawn = weights @ pairs.reference
    return float(weights[pairs.fields].sum() / drawn) if drawn else np.nan


def precision(pairs: Pairs, weights: Weights) -> float:
    """Return the share of the other annotator's cells that the senior one drew."""
    drawn = weights @ pairs.other
    return float(weights[pairs.fields].sum() / drawn) if drawn else np.nan


def mean_iou(pairs: Pairs, weights: Weights) -> float:
    """Return the mean overlap of the boxes of cells that both drew."""
    each = weights[pairs.fields]
    return float(each @ pairs.iou / each.sum()) if each.sum() else np.nan


def kappa(pairs: Pairs, weights: Weights) -> float:
    """Return Cohen's kappa of the class of cells that both drew; missing with one class only."""
    n_classes = int(pairs.labels.max(initial=0)) + 1
    cells = pairs.labels @ [n_classes, 1]
    counts = np.bincount(cells, weights[pairs.fields], n_classes**2)
    first, second = np.divmod(np.flatnonzero(counts), n_classes)
    if len({*first, *second}) < 2:
        return np.nan
    return float(cohen_kappa_score(first, second, sample_weight=counts[counts > 0]))


METRICS: dict[str, tuple[Metric, Callable[[Pairs], int]]] = {
    f"recall@{MIN_IOU}": (recall, lambda pairs: int(pairs.reference.sum())),
    f"precision@{MIN_IOU}": (precision, lambda pairs: int(pairs.other.sum())),
    "mean_iou": (mean_iou, lambda pairs: len(pairs.fields)),
    "kappa": (kappa, lambda pairs: len(pairs.fields)),
}
"""By name: the metric, and how many cells it rests on."""


def match(reference: Annotated, other: Annotated) -> Pairs:
    """Pair the boxes of two annotators, in the fields that both have annotated completely.

    Boxes that overlap most are paired first, each at most once, down to an IoU of `MIN_IOU`.
    """
    fields = sorted(reference.complete & other.complete)
    classes = sorted({*reference.boxes["label"], *other.boxes["label"]})
    numbers: list[tuple[int, int]] = []
    rows, overlaps, labels = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros((0, 2), np.int64)]
    sides = [_by_field(part.boxes, classes) for part in (reference, other)]
    nothing = np.zeros((0, 4)), np.zeros(0, np.int64)
    for row, field in enumerate(fields):
        (senior, meant), (junior, called) = (side.get(field, nothing) for side in sides)
        numbers.append((len(senior), len(junior)))
        overlap = geometry.iou(junior, senior)
        found = geometry.match(junior, overlap.max(axis=1, initial=0), senior, MIN_IOU)
        paired = np.flatnonzero(found >= 0)
        rows.append(np.full(len(paired), row))
        overlaps.append(overlap[paired, found[paired]])
        labels.append(np.column_stack([meant[found[paired]], called[paired]]))
    counts = np.array(numbers, dtype=np.int64).reshape(-1, 2)
    return Pairs(*counts.T, np.concatenate(rows), np.concatenate(overlaps), np.concatenate(labels))


def _by_field(
    boxes: pd.DataFrame, classes: list[str]
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]]:
    """Return boxes [n, 4] and numbers of their classes [n] by field."""
    edges = boxes[BOX_COLUMNS].to_numpy()
    numbers = pd.Categorical(boxes["label"], categories=classes).codes.astype(np.int64)
    indices = boxes.groupby("field").indices
    return {field: (edges[rows], numbers[rows]) for field, rows in indices.items()}


def interval(
    metric: Metric, pairs: Pairs, chance: np.random.Generator, draws: int = DRAWS
) -> tuple[float, float]:
    """Return the 95 % interval of a metric by redrawing fields (percentile bootstrap).

    Missing (NaN) with fewer than two fields.
    """
    n_fields = len(pairs.reference)
    if n_fields < 2:
        return np.nan, np.nan
    drawn = chance.multinomial(n_fields, np.full(n_fields, 1 / n_fields), size=draws)
    values = np.array([metric(pairs, weights) for weights in drawn.astype(np.float64)])
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def agreement(
    annotators: Sequence[tuple[str, Annotated]], seed: int, draws: int = DRAWS
) -> pd.DataFrame:
    """Hold every annotator against every more senior one.

    Parameters
    ----------
    annotators
        Name and tables before merging, the senior one first.
    seed
        The study's seed, of the redrawn fields.
    draws
        How often fields are redrawn for the intervals.

    Returns
    -------
    DataFrame
        tables.AGREEMENT; without values where two annotators share no field.
    """
    rows = []
    for (senior, reference), (junior, other) in itertools.combinations(annotators, 2):
        pairs = match(reference, other)
        everything = np.ones(len(pairs.reference))
        for name, (metric, n) in METRICS.items():
            chance = generator(seed, "agreement intervals", senior, junior)
            low, high = interval(metric, pairs, chance, draws)
            value = metric(pairs, everything)
            rows.append([senior, junior, name, value, low, high, len(everything), n(pairs)])
    columns = ["reference", "annotator", "metric", "value", "ci_low", "ci_high", "n_fields", "n"]
    return pd.DataFrame(rows, columns=columns)
