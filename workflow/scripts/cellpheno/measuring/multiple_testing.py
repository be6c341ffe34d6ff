"""Which comparisons make up one family, and p values corrected for how many there are."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats


def questions(members: Mapping[str, Sequence[str]]) -> dict[str, Hashable]:
    """Return which question each class and group asks; equal ones ask the same.

    A class rises by as much as all other cells together fall. So a class or group with the same
    cells as another one, or with exactly all other cells (the negative class and the group of all
    others), gives the same test a second time. `members` are the counted classes of each.
    """
    everything = frozenset(name for names in members.values() for name in names)
    return {
        name: frozenset({frozenset(names), everything - frozenset(names)})
        for name, names in members.items()
    }


def adjust(
    p: npt.NDArray[np.float64], correction: str, questions: Sequence[Hashable]
) -> npt.NDArray[np.float64]:
    """Correct p values [n] for the number of comparisons; NaN stays NaN and does not count.

    The correction is `none`, `holm`, `bonferroni` or `fdr_bh` (Benjamini and Hochberg). P values
    with equal `questions` [n] count once and share the adjusted p.
    """
    asked: dict[Hashable, float] = {}
    for question, value in zip(questions, p, strict=True):
        if not np.isnan(value):
            asked.setdefault(question, float(value))
    if correction == "none" or not asked:
        return p.copy()
    corrected = CORRECTIONS[correction](np.array(list(asked.values())))
    adjusted = dict(zip(asked, corrected.tolist(), strict=True))
    return np.array(
        [
            np.nan if np.isnan(value) else adjusted[question]
            for question, value in zip(questions, p, strict=True)
        ]
    )


def _holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(1, adjusted)


CORRECTIONS: dict[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    "bonferroni": lambda p: np.minimum(1, len(p) * p),
    "holm": _holm,
    "fdr_bh": stats.false_discovery_control,
}
"""Corrections by the name that the config gives them; each takes and returns p values [n]."""
