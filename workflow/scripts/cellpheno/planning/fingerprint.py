"""Measure what the settings of a study depend on: its fields, its cells, the machine."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes as geometry
from cellpheno.study import named_weights
from cellpheno.tables.columns import BOX_COLUMNS

LEARNED = ("train", "val")
"""Splits that are measured: nothing is chosen by fields that are tested on."""


def measure(
    quality: pd.DataFrame,
    boxes: pd.DataFrame,
    splits: pd.DataFrame,
    gpu_gib: float,
    weights: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return tables.FINGERPRINT of the usable annotated fields of train and val.

    Parameters
    ----------
    quality, boxes, splits
        tables.QUALITY, BOXES (corners in px) and SPLITS.
    gpu_gib
        Memory of the GPU that trains, 0 without one.
    weights
        tables.NAMED_WEIGHTS, of those that networks may start from.
    """
    learned = splits.loc[splits["split"].isin(LEARNED), "field"]
    fields = quality[quality["field"].isin(learned) & (quality["verdict"] == "ok")]
    drawn = boxes[boxes["field"].isin(fields["field"])]
    trained = set(splits.loc[splits["split"] == "train", "field"])
    corners = drawn[BOX_COLUMNS].to_numpy(np.float64)
    width, height = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    side, aspect = np.sqrt(width * height), np.maximum(width, height) / np.minimum(width, height)
    counts = drawn["field"].value_counts().reindex(fields["field"], fill_value=0)
    rows: list[tuple[str, float, str]] = [
        ("fields", len(fields), "fields"),
        ("fields for training", fields["field"].isin(trained).sum(), "fields"),
        ("groups", fields["group"].nunique(), "groups"),
        ("height of the largest field", fields["height"].max(), "px"),
        ("width of the largest field", fields["width"].max(), "px"),
        ("cells", len(drawn), "cells"),
        ("cells for training", drawn["field"].isin(trained).sum(), "cells"),
        ("cells in a typical field", counts.median(), "cells"),
        ("cells in the densest field", counts.max(), "cells"),
        *((f"side of a cell, {name}", value, "px") for name, value in _quantiles(side)),
        *((f"long to short side, {name}", value, "ratio") for name, value in _quantiles(aspect)),
        ("overlap of neighbours, upper 1 %", _overlap(drawn, corners), "IoU"),
        ("memory of the GPU", gpu_gib, "GiB"),
    ]
    labels = drawn["label"].value_counts().sort_index()
    rows += [(f"cells of class {name}", count, "cells") for name, count in labels.items()]
    if weights is not None:
        facts = map(named_weights.fact, weights["name"], weights["network"])
        there = weights["there"].astype(float)
        rows += [(fact, value, "files") for fact, value in zip(facts, there, strict=True)]
    return pd.DataFrame(rows, columns=["quantity", "value", "unit"])


def _quantiles(values: npt.NDArray[np.float64]) -> list[tuple[str, float]]:
    names = {"smallest 10 %": 0.1, "median": 0.5, "largest 10 %": 0.9}
    missing = not len(values)
    return [
        (name, np.nan if missing else float(np.quantile(values, share)))
        for name, share in names.items()
    ]


def _overlap(drawn: pd.DataFrame, corners: npt.NDArray[np.float64]) -> float:
    """Return the 99 % quantile over cells of the IoU with the neighbour that overlaps most."""
    most = [np.zeros(1)]
    for rows in drawn.reset_index(drop=True).groupby("field").indices.values():
        found = geometry.iou(corners[rows], corners[rows])
        np.fill_diagonal(found, 0)
        most.append(found.max(axis=1, initial=0))
    return float(np.quantile(np.concatenate(most), 0.99))
