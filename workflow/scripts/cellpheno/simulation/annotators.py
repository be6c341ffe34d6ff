"""Simulate annotators who miss cells, confuse classes, and draw imprecise and false boxes."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellpheno.core import boxes as geometry
from cellpheno.core.randomness import generator
from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH
from cellpheno.tables.columns import BOX_COLUMNS

MIN_SIDE = 1.0
"""Smallest side in pixels of a shifted and clipped box."""


@dataclasses.dataclass(frozen=True)
class Annotator:
    """An annotator and their error rates."""

    name: str
    """Determines the random stream, so that annotators err independently."""
    miss: float = 0.0
    """Share of the cells that are not drawn."""
    wrong_class: float = 0.0
    """Share of the drawn cells that get another class, all equally likely."""
    shift_px: float = 0.0
    """Standard deviation of the position of each edge of a box, in pixels."""
    false_boxes: float = 0.0
    """Number of boxes without a cell, as a share of the cells."""
    splits: Sequence[str] = ()
    """Splits whose fields are annotated; empty for all."""
    classes: Sequence[str] = ()
    """Classes that are drawn; empty for all."""

    def goes_through(self, split: str) -> bool:
        """Whether fields of this split are annotated."""
        return not self.splits or split in self.splits


def annotate(
    truth: pd.DataFrame,
    annotator: Annotator,
    classes: Sequence[str],
    height: int,
    width: int,
    seed: int,
) -> pd.DataFrame:
    """Return what an annotator draws in fields of this size (px), a table like `truth`.

    Fields keep their order. What is drawn depends only on field, annotator and seed; without
    errors it is the visible truth.
    """
    draw = functools.partial(_field, annotator, classes, np.array([width, height] * 2, float), seed)
    drawn = [draw(str(field), cells) for field, cells in truth.groupby("field", sort=False)]
    return storage.concatenate(drawn, TRUTH)


def _field(
    annotator: Annotator,
    classes: Sequence[str],
    limits: np.ndarray,
    seed: int,
    field: str,
    cells: pd.DataFrame,
) -> pd.DataFrame:
    """Return what is drawn in one field."""
    chance = generator(seed, "annotator", annotator.name, field)
    seen = cells[["field", *BOX_COLUMNS, "label"]]  # further columns of the truth are invisible
    drawn = seen[chance.random(len(cells)) >= annotator.miss].reset_index(drop=True)
    labels = pd.Index(classes).get_indexer(pd.Index(drawn["label"]))
    wrong = chance.random(len(drawn)) < annotator.wrong_class
    labels[wrong] += chance.integers(1, len(classes), wrong.sum())
    drawn["label"] = np.array(classes, dtype=object)[labels % len(classes)]
    edges = drawn[BOX_COLUMNS].to_numpy(np.float64)
    drawn[BOX_COLUMNS] = _shifted(edges, annotator.shift_px, limits, chance)
    false = _false_boxes(cells, chance.poisson(annotator.false_boxes * len(cells)), limits, chance)
    if len(false):
        false["label"] = chance.choice(np.array(classes, dtype=object), len(false))
        drawn = pd.concat([drawn, false.assign(field=field)[drawn.columns]], ignore_index=True)
    if annotator.classes:
        drawn = drawn[drawn["label"].isin(annotator.classes)].reset_index(drop=True)
    return drawn


def _shifted(
    edges: np.ndarray, shift: float, limits: np.ndarray, chance: np.random.Generator
) -> np.ndarray:
    """Move every edge of boxes [n, 4] randomly within the field, without losing a box."""
    if not shift:
        return edges
    moved = geometry.clip(edges + chance.normal(0, shift, edges.shape), limits[0], limits[1])
    keeps = (moved[:, 2:] - moved[:, :2] >= MIN_SIDE).all(axis=1, keepdims=True)
    return np.where(keeps, moved, edges)


def _false_boxes(
    cells: pd.DataFrame, number: int, limits: np.ndarray, chance: np.random.Generator
) -> pd.DataFrame:
    """Return boxes of the size of true ones anywhere in the field."""
    edges = cells[BOX_COLUMNS].to_numpy(np.float64)
    model = edges[chance.integers(0, len(edges), number)] if number else edges[:0]
    sides = model[:, 2:] - model[:, :2]
    low = chance.random(sides.shape) * (limits[:2] - sides)
    return pd.DataFrame(np.hstack([low, low + sides]), columns=BOX_COLUMNS)
