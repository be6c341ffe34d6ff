"""Choose the annotated cells of a training: fields, a share of them, cells of unknown class."""

import dataclasses
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.core.randomness import generator
from cellpheno.labels import from_annotations
from cellpheno.splits.usable_fields import LEARNED
from cellpheno.tables.columns import BOX_COLUMNS

Integers = npt.NDArray[np.int64]
Rows = tuple[Integers, Integers]

GUESSED = ("pseudo", "pseudo_confident")
"""Policies for unknown cells that need a first classifier, trained without them."""

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Selection:
    """The keys of the config's `classification/training` that choose the cells.

    `only` maps columns of the sample sheet to the values whose fields are used; empty means all.
    `validate_only`: it also restricts the validation fields. Published is a common set, so that
    patients outside the training influence it (C42). `share` is that of the training fields (C43).
    `unknown` is what to do with cells of `unknown_class` (C39, C40): `keep` the class, `drop` them,
    count them as `negative` (or as `counted_as`), `pseudo`: give each the likeliest class by a
    classifier trained without them, `pseudo_confident`: only give the target class, from a
    probability of `pseudo_confidence`, and drop the others.
    """

    only: dict[str, list[str]]
    validate_only: bool
    share: float
    unknown: str
    unknown_class: str | None
    counted_as: str | None
    pseudo_confidence: float


def of_training(training: Mapping[str, Any]) -> tuple[Selection, dict[str, Any]]:
    """Return the selection and the other keys of the config's `classification/training`."""
    own = [field.name for field in dataclasses.fields(Selection)]
    rest = {key: value for key, value in training.items() if key not in own}
    return Selection(**{key: training[key] for key in own}), rest


def choose_fields(
    rows: Rows,
    names: pd.Series,
    selection: Selection,
    fields: pd.DataFrame | None,
    seed: int,
) -> Rows:
    """Return the rows for training and for validation that lie in the chosen fields.

    `names` [n] are the crops' fields; `fields` has the columns of the sample sheet, for `only`. The
    seed decides the order in which fields join: a smaller share is part of every larger one.
    Raises StudyError when `only` names a column that the sample sheet lacks.
    """
    train, val = rows
    if selection.only:
        chosen = names.isin(_fields_with(selection.only, fields)).to_numpy()
        train = train[chosen[train]]
        val = val[chosen[val]] if selection.validate_only else val
    if selection.share < 1:
        present = np.sort(names.iloc[train].unique().astype(str))
        order = generator(seed, "share of the training fields").permutation(present)
        kept = order[: math.ceil(selection.share * len(order) - 1e-9)]
        train = train[names.iloc[train].isin(kept).to_numpy()]
        logger.info("%d of %d training fields: %s", len(kept), len(order), ", ".join(sorted(kept)))
    return train, val


def _fields_with(only: Mapping[str, Sequence[str]], fields: pd.DataFrame | None) -> pd.Series:
    """Return the fields with one of the wanted values in each column."""
    if fields is None:
        raise StudyError("classification/training/only is set, but there is no sample sheet.")
    wanted = np.ones(len(fields), dtype=bool)
    for column, values in only.items():
        if column not in fields.columns:
            raise StudyError(
                f"classification/training/only names the column {column}, which the sample sheet "
                "lacks; add it there or correct the config."
            )
        wanted &= fields[column].astype(str).isin(list(map(str, values))).to_numpy()
    return fields.loc[wanted, "field"]


def label_unknown(
    labels: pd.Series,
    rows: Rows,
    selection: Selection,
    negative: str,
    target: str | None,
    guessed: pd.DataFrame | None,
) -> tuple[pd.Series, Rows]:
    """Return classes [n] and rows after the policy for unknown cells (C39, C40).

    `guessed` are the first classifier's probabilities p_<class> for unknown cells with their
    `crop_row`; `pseudo_confident` calls the `target`. Guessed cells are never used for validation,
    because guesses are no ground truth.
    """
    unknown = (labels == selection.unknown_class).to_numpy()
    train, val = rows
    if selection.unknown == "keep" or not unknown.any():
        return labels, rows
    if selection.unknown == "negative":
        return labels.mask(unknown, selection.counted_as or negative), rows
    known = train[~unknown[train]], val[~unknown[val]]
    if selection.unknown == "drop":
        return labels, known
    assert guessed is not None
    guesses = guess(guessed, selection, target)
    guesses = guesses[guesses.index.isin(train)]
    counts = ", ".join(f"{n} {name}" for name, n in guesses.value_counts().items())
    logger.info("%d unknown cells are taken for: %s", int(unknown[train].sum()), counts)
    changed = labels.copy()
    changed.iloc[guesses.index.to_numpy()] = guesses.to_numpy()
    joined = np.sort(np.concatenate([known[0], guesses.index.to_numpy(dtype=np.int64)]))
    return changed, (joined, known[1])


def guess(guessed: pd.DataFrame, selection: Selection, target: str | None) -> pd.Series:
    """Return the class that the policy gives unknown cells, by crop row, without those dropped."""
    rows = pd.Index(guessed["crop_row"].to_numpy(np.int64))
    if selection.unknown == "pseudo_confident":
        sure = (guessed[f"p_{target}"] > selection.pseudo_confidence).to_numpy()
        return pd.Series(target, index=rows[sure], dtype="str")
    columns = [
        name
        for name in guessed.columns
        if name.startswith("p_") and name != f"p_{selection.unknown_class}"
    ]
    likeliest = guessed[columns].idxmax(axis=1).astype("str").str.removeprefix("p_")
    return pd.Series(likeliest.to_numpy(), index=rows, dtype="str")


def annotated_cells(
    annotated: pd.DataFrame, splits: pd.DataFrame, detected: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the cells for training and validation: the crops table, sorted by field and box.

    Other fields than those of train, val and test are left out. With `detected`, boxes are the
    detector's, each with the class of the annotated cell that it matches (A10); else they are the
    annotator's.
    """
    fields = splits.loc[splits["split"].isin(LEARNED), ["field", "split"]]
    truth = annotated.merge(fields, on="field")
    cells = truth
    if detected is not None:
        detected = detected.merge(fields, on="field")
        scores = detected["score"].to_numpy(np.float64)
        detected["label"] = from_annotations.from_annotations(detected, scores, truth)
        cells = detected[detected["label"].notna()]
        logger.info(
            "%d of %d detected cells match one of %d annotated cells",
            len(cells),
            len(detected),
            len(truth),
        )
    cells = cells[["field", *BOX_COLUMNS, "label", "split"]]
    cells = cells.sort_values(["field", *BOX_COLUMNS, "label"], ignore_index=True)
    return cells.assign(crop_row=np.arange(len(cells)))
