"""Which annotated cells a training learns from: fields, a share of them, cells of unknown class."""

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
from cellpheno.tables.columns import BOX_COLUMNS

Integers = npt.NDArray[np.int64]
Rows = tuple[Integers, Integers]

GUESSED = ("pseudo", "pseudo_confident")
"""Policies for unknown cells that need a first classifier, trained without them."""

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Selection:
    """The keys of the config's `classification/training` that choose the cells.

    Attributes
    ----------
    only
        Column of the sample sheet to the values whose fields are learned from; empty: all.
    validate_only
        Whether the fields that the training is watched on are chosen by `only` as well. Published
        is a common set, so that patients who are not learned from steer the training (C42).
    share
        Of the training fields (C43).
    unknown
        What becomes of cells of the unknown class (C39, C40): `keep` it as a class of its own,
        `drop` them, count them as `negative` (`counted_as`), `pseudo`: give each the class that a
        classifier trained without them finds likeliest, `pseudo_confident`: only those that it
        takes for the target class with enough confidence, the others are dropped.
    unknown_class
        That class.
    counted_as
        The class that `negative` counts them as; None: the study's negative class.
    pseudo_confidence
        Probability that `pseudo_confident` asks for.
    """

    only: dict[str, list[str]]
    validate_only: bool
    share: float
    unknown: str
    unknown_class: str | None
    counted_as: str | None
    pseudo_confidence: float


def of_training(training: Mapping[str, Any]) -> tuple[Selection, dict[str, Any]]:
    """Return the selection and what is left of the config's `classification/training`."""
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
    """Return the rows to train on and to watch that lie in the chosen fields.

    Parameters
    ----------
    rows
        The rows to train on and the rows to watch.
    names
        [n] field of each crop.
    selection
        What is wanted.
    fields
        The quality table, which has the columns of the sample sheet; needed for `only`.
    seed
        Of the order in which fields join: of one seed, a smaller share is part of every larger.

    Raises
    ------
    StudyError
        When `only` names a column that the sample sheet lacks.
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
    """Return the names of the fields whose columns have one of the wanted values."""
    if fields is None:
        raise StudyError("classification/training/only is set, but the sample sheet is not there.")
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
    """Return the classes and the rows after the policy for unknown cells (C39, C40).

    Parameters
    ----------
    labels
        [n] annotated class of each crop.
    rows
        The rows to train on and the rows to watch.
    selection
        What is wanted.
    negative
        The negative class.
    target
        The class that `pseudo_confident` looks for.
    guessed
        For the two policies that guess: probabilities p_<class> of unknown cells by the first
        classifier, with their `crop_row`.

    Returns
    -------
    labels, rows
        Guessed cells are never watched: what a classifier guessed is no truth to be judged by.
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
    logger.info("of %d unknown cells are taken for: %s", int(unknown[train].sum()), counts)
    changed = labels.copy()
    changed.iloc[guesses.index.to_numpy()] = guesses.to_numpy()
    joined = np.sort(np.concatenate([known[0], guesses.index.to_numpy(dtype=np.int64)]))
    return changed, (joined, known[1])


def guess(guessed: pd.DataFrame, selection: Selection, target: str | None) -> pd.Series:
    """Return the class that unknown cells are given, by crop row; those without one are left out.

    Parameters
    ----------
    guessed
        crop_row and p_<class>.
    selection
        Policy, unknown class and confidence.
    target
        The class that `pseudo_confident` looks for.
    """
    rows = pd.Index(guessed["crop_row"].to_numpy(np.int64))
    if selection.unknown == "pseudo_confident":
        sure = (guessed[f"p_{target}"] > selection.pseudo_confidence).to_numpy()
        return pd.Series(target, index=rows[sure], dtype="str")
    columns = [
        name
        for name in guessed.columns
        if name.startswith("p_") and name != f"p_{selection.unknown_class}"
    ]
    likeliest = guessed[columns].idxmax(axis=1).str.removeprefix("p_")
    return pd.Series(likeliest.to_numpy(), index=rows, dtype="str")


def annotated_cells(
    annotated: pd.DataFrame, splits: pd.DataFrame, detected: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the cells that a classifier learns from and is watched on.

    Parameters
    ----------
    annotated
        The boxes table.
    splits
        The splits table; only fields of `train`, `val` and `test` count.
    detected
        The detections table: boxes are the detector's, each with the class of the annotated cell
        it matches (A10). None: boxes are the annotator's.

    Returns
    -------
    table
        The crops table, sorted by field and box.
    """
    fields = splits.loc[splits["split"] != "predict", ["field", "split"]]
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
