"""List cells whose class is contradicted by a classifier that never saw them, and by similar cells.

A cell is judged only by other groups (wells, slides, patients), because cells of the same slide
resemble it for reasons that have nothing to do with its class (A41).
"""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from cellpheno.core import notices
from cellpheno.labels.suspects import judges
from cellpheno.tables.annotations import JUDGES, LABEL_ERRORS

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

INVERSE_REGULARISATION = 0.01
"""Of the logistic regression; strong, because some hundred cells of a class have hundreds of
features."""
COMPONENTS = 20
"""Principal components in which neighbours are searched."""
ITERATIONS = 500

logger = logging.getLogger(__name__)


def judge(
    cells: pd.DataFrame,
    descriptors: npt.NDArray[np.float32],
    groups: Integers,
    classes: Sequence[str],
    folds: int,
    neighbors: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank annotated cells (field, box, label) by the evidence against their class.

    A logistic regression and the nearest neighbours, trained on other groups only, give
    probabilities of the classes. Their mean goes to cleanlab (Northcutt, Jiang and Chuang 2021),
    which scores each label and lists the cells that both pruning by noise rate and pruning by class
    would remove. The most suspicious of them are listed, no more than `judges.longest`.

    `descriptors` [n, D] describe the cells; cells of one of the `groups` [n] do not judge each
    other. Folds and neighbours are fewer if there are fewer groups or cells.

    Returns tables.LABEL_ERRORS, the most suspicious cell first, without cells whose class occurs in
    no other part; and tables.JUDGES.
    """
    names = [name for name in classes if (cells["label"] == name).any()]
    labels = pd.Index(names).get_indexer(pd.Index(cells["label"]))
    folds = min(folds, len(np.unique(groups)))
    if folds < 2 or len(names) < 2:
        logger.warning(
            "%d classes in %d groups: no label can be judged, which takes at least two of both.",
            *(len(names), len(np.unique(groups))),
        )
        return LABEL_ERRORS.empty(), JUDGES.empty()
    with threadpool_limits(1):
        regression, near, judged = _out_of_fold(descriptors, labels, groups, folds, neighbors)
    if not judged.all():
        logger.warning("%d cells are not judged: no other part has their class.", (~judged).sum())
    if not judged.any():
        return LABEL_ERRORS.empty(), JUDGES.empty()
    labels, regression, near = labels[judged], regression[judged], near[judged]
    by_judge = {judges.REGRESSION: regression, judges.NEIGHBOURS: near}
    by_judge[judges.BOTH] = (regression + near) / 2
    rated = judges.rate(labels, by_judge, groups[judged])
    longest = judges.longest(rated)
    return _table(cells[judged], labels, regression, near, names, longest), rated


def _out_of_fold(
    values: npt.NDArray[np.float32], labels: Integers, groups: Integers, folds: int, neighbors: int
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Return probabilities [n, classes] by both judges, and which cells they can judge."""
    regression = np.zeros((len(labels), labels.max() + 1))
    near, judged = np.zeros_like(regression), np.zeros(len(labels), dtype=bool)
    for learned, held_out in GroupKFold(folds).split(values, groups=groups):
        known = np.unique(labels[learned])
        if len(known) < 2:
            continue
        for probabilities, judge_ in (
            (regression, _regression()),
            (near, _neighbors(learned, values.shape[1], neighbors)),
        ):
            judge_.fit(values[learned], labels[learned])
            probabilities[np.ix_(held_out, known)] = judge_.predict_proba(values[held_out])
        judged[held_out] = np.isin(labels[held_out], known)
    return regression, near, judged


def _regression() -> Any:
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=ITERATIONS)
    return make_pipeline(StandardScaler(), model)


def _neighbors(learned: Integers, dimensions: int, neighbors: int) -> Any:
    components = min(COMPONENTS, dimensions, len(learned))
    return make_pipeline(
        StandardScaler(),
        PCA(components, svd_solver="covariance_eigh"),
        KNeighborsClassifier(min(neighbors, len(learned))),
    )


def _table(
    cells: pd.DataFrame,
    labels: Integers,
    regression: Array,
    near: Array,
    names: Sequence[str],
    longest: int,
) -> pd.DataFrame:
    """Join the judges' results in one table, the most suspicious cell first."""
    there, labels = np.unique(labels, return_inverse=True)
    probabilities = ((regression + near) / 2)[:, there]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    rows, names = np.arange(len(labels)), [names[number] for number in there]
    quality = get_label_quality_scores(labels, probabilities)
    listed = np.zeros(len(labels), dtype=bool)
    if len(names) > 1:
        listed = find_label_issues(labels, probabilities, filter_by="both", n_jobs=1)
    # one judge alone is no reason to suspect a label
    alone = regression[:, there].argmax(axis=1) != near[:, there].argmax(axis=1)
    suspected = np.flatnonzero(listed & ~alone)
    listed[alone] = False
    beyond = suspected[np.argsort(quality[suspected], kind="stable")[longest:]]
    listed[beyond] = False
    if len(beyond):
        trusted = f"fewer: the {longest} most suspicious are listed" if longest else "none of them"
        notices.warn(
            f"{len(suspected)} of {len(labels)} labels look wrong, but the judges can be trusted "
            f"with {trusted} (label_errors/judges.tsv)."
        )
    # listed cells come first because people look at these
    order = np.lexsort([quality, ~listed])
    table = cells.assign(
        suggested=np.array(names, dtype=object)[probabilities.argmax(axis=1)],
        quality=quality,
        neighbors_agree=near[:, there][rows, labels],
        listed=listed,
        **{f"p_{name}": column for name, column in zip(names, probabilities.T, strict=True)},
    ).iloc[order]
    return table.assign(rank=np.arange(1, len(table) + 1)).reset_index(drop=True)
