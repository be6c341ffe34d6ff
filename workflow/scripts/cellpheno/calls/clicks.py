"""Count the clicks to annotate a field from nothing, and to correct proposals (C7).

Drawing a box takes two clicks, on opposite corners, and choosing its class, if there are several, a
third. Selecting a proposed box takes one click, and each change one more: its class, its edges, or
its deletion. What is right needs no click. Moving to the next field costs the same either way and
is left out, as is the time to look.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellpheno.calls import proposals
from cellpheno.core import boxes as geometry
from cellpheno.measuring import metrics
from cellpheno.measuring.intervals import Estimate, estimate
from cellpheno.tables.columns import BOX_COLUMNS

DRAW, CHOOSE_CLASS, SELECT, CHANGE = 2, 1, 1, 1
FOUND_IOU = 0.5
"""Least IoU at which a proposal belongs to an annotated cell."""
GOOD_IOU = 0.7
"""Least IoU at which its edges stay."""


def count(
    cells: pd.DataFrame, boxes: pd.DataFrame, fields: pd.DataFrame, classes: Sequence[str]
) -> pd.DataFrame:
    """Count clicks in annotated fields, as if their annotations were made from the proposals.

    `cells` (tables.CELLS) are the proposals, `boxes` (tables.BOXES) the annotations; `fields` are
    annotated ones (field, condition) that no network has learned from. Returns
    tables.ANNOTATION_WORK, the least certain field first.
    """
    there = cells[cells["field"].isin(fields["field"])]
    doubt = proposals.by_doubt(there, fields["field"], classes)
    conditions = fields.set_index("field")["condition"]
    choosing = CHOOSE_CLASS if len(classes) > 1 else 0
    rows = []
    for rank, (field, uncertainty) in enumerate(doubt.items(), 1):
        counts = _count(there[there["field"] == field], boxes[boxes["field"] == field], choosing)
        rows.append(
            {
                "field": field,
                "condition": conditions[str(field)],
                "rank": rank,
                "uncertainty": uncertainty,
                **counts,
            }
        )
    return pd.DataFrame(rows)


def _count(proposed: pd.DataFrame, drawn: pd.DataFrame, choosing: int) -> dict[str, int]:
    """Return the necessary changes and clicks in one field."""
    edges, truth = (frame[BOX_COLUMNS].to_numpy(np.float64) for frame in (proposed, drawn))
    found = geometry.match(edges, proposed["det_score"].to_numpy(np.float64), truth, FOUND_IOU)
    hit = np.flatnonzero(found >= 0)
    overlap = geometry.iou(edges[hit], truth)[np.arange(len(hit)), found[hit]]
    moved = overlap < GOOD_IOU
    wrong = proposed["call"].to_numpy()[hit] != drawn["label"].to_numpy()[found[hit]]
    false, missed = len(proposed) - len(hit), len(drawn) - len(hit)
    from_nothing = DRAW + choosing
    deleting = false * (SELECT + CHANGE)
    correcting = SELECT * int((wrong | moved).sum()) + CHANGE * int(wrong.sum() + moved.sum())
    return {
        "n_cells": len(drawn),
        "n_proposed": len(proposed),
        "n_right": int((~wrong & ~moved).sum()),
        "n_wrong_class": int(wrong.sum()),
        "n_moved": int(moved.sum()),
        "n_false": false,
        "n_missed": missed,
        "clicks_drawing": missed * from_nothing,
        "clicks_correcting": correcting,
        "clicks_deleting": deleting,
        "clicks": missed * from_nothing + correcting + deleting,
        "clicks_from_nothing": len(drawn) * from_nothing,
    }


def share(work: pd.DataFrame, group_of: pd.Series) -> Estimate:
    """Return the clicks of correcting in proportion to those from nothing, with its interval.

    `work` is tables.ANNOTATION_WORK, `group_of` the group of each field. The value is missing if
    there is nothing to click.
    """
    made, from_nothing = work[["clicks", "clicks_from_nothing"]].to_numpy(np.float64).T
    return estimate(
        lambda weights: metrics.share(weights @ made, weights @ from_nothing),
        work["field"].map(group_of),
        "plain",  # correcting may take more clicks
    )
