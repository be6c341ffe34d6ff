"""Classify the boxes that evaluations need: annotated and detected ones of some fields."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from cellpheno.classification.inference import Settings, batch_size, classify, predict
from cellpheno.core.errors import StudyError
from cellpheno.core.progress import track
from cellpheno.images import store
from cellpheno.networks.backbones import Trained
from cellpheno.tables import storage
from cellpheno.tables.cells import JUDGED_BOXES
from cellpheno.tables.columns import BOX_COLUMNS

SPLITS = ("val", "test")
IDENTITY = ["source", "detector", "field", "split", *BOX_COLUMNS, "label"]


def predict_rows(
    trained: Trained,
    crops: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.int64],
    settings: Settings,
    device: torch.device,
) -> npt.NDArray[np.float64]:
    """Return class probabilities [n, classes] of some rows of an array of crops."""
    model, size = trained.model, batch_size(trained.geometry, device)
    parts = [
        predict(model, crops[rows[start : start + size]], settings, device).probabilities
        for start in range(0, len(rows), size)
    ]
    return np.concatenate([np.empty((0, model.head.out_features)), *parts])


def boxes(annotated: pd.DataFrame, detected: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Return the annotated and the detected boxes of the fields of val and test, sorted.

    `detected` is a detections table with `detector`. Returns source (`annotated` or `detected`),
    detector, field, split, box, score and label.
    """
    held_out = splits.loc[splits["split"].isin(SPLITS), ["field", "split"]]
    drawn = annotated[["field", *BOX_COLUMNS, "label"]].assign(
        source="annotated", detector=None, score=1.0
    )
    found = detected[["detector", "field", *BOX_COLUMNS, "score"]].assign(
        source="detected", label=None
    )
    frames = [frame for frame in (drawn, found) if len(frame)]
    both = pd.concat(frames, ignore_index=True) if frames else drawn
    both = both.astype({"detector": "str", "label": "str"}).merge(held_out, on="field")
    order = ["source", "detector", "field", *BOX_COLUMNS, "score"]
    return both.sort_values(order, ignore_index=True)[[*IDENTITY, "score"]]


def judge(
    trained: Trained,
    shards: Sequence[str | Path],
    cells: pd.DataFrame,
    settings: Settings,
    device: torch.device,
) -> pd.DataFrame:
    """Classify boxes from `boxes`, with one shard in memory at a time; return tables.JUDGED_BOXES.

    Raises StudyError when a field of a box is in none of the shards.
    """
    parts, missing = [], set(cells["field"])
    for shard in track(shards, "shards", len(shards)):
        inside = cells[cells["field"].isin(store.names(shard))]
        if len(inside):
            missing -= set(inside["field"])
            # `classify` sorts by field and keeps the order within
            inside = inside.sort_values("field", kind="stable", ignore_index=True)
            predicted, _ = classify(trained, shard, inside, settings, device)
            names = [name for name in predicted.columns if name.startswith("p_")]
            parts.append(pd.concat([inside, predicted[names]], axis=1))
    if missing:
        raise StudyError(
            f"The field {min(missing)} has boxes but is in no shard of converted fields; delete "
            "the results of `convert_fields` and run the workflow again."
        )
    judged = storage.concatenate(parts, JUDGED_BOXES).rename(columns={"score": "det_score"})
    return judged.sort_values(["source", "detector", "field", *BOX_COLUMNS], ignore_index=True)
