"""Test whether quality control sets aside unequal shares, which would bias the rest."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import notices
from cellpheno.images.quality.measures import OK
from cellpheno.measuring.multiple_testing import adjust

Numbers = npt.NDArray[np.int64]

DRAWS = 9999
LEVEL = 0.05
"""Corrected p value below which a loss is unequal."""
MANY = 0.2
"""Share of the fields above which a limit that sets them aside may be wrong."""
SHOWN = 5
"""Conditions or classes that a warning names."""
USED = "uses {} of {} fields although something is unusual"


def by_kind(kind: str, counts: pd.DataFrame, aside: pd.Series, seed: int) -> pd.DataFrame:
    """Compare what conditions or classes (the `kind`) lose in fields that are set aside.

    If losses were equal, those fields would be a random choice. So as many fields are drawn
    again and again, whole, because their cells are lost together. For conditions this is
    Fisher's exact test by simulation. `counts` [fields, names] is what each field has of each
    name, `aside` [fields] whether it is set aside. Returns SET_ASIDE, with two-sided p values
    corrected after Holm.
    """
    held = counts.to_numpy(np.int64)
    each, alike = np.unique(held, axis=0, return_inverse=True)
    total, lost = held.sum(axis=0), held[aside.to_numpy()].sum(axis=0)
    # of fields with equal counts only the number matters
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(
        np.bincount(alike.ravel()), int(aside.sum()), size=DRAWS, method="marginals"
    )
    excess = np.abs(_excess(drawn @ each, total))
    p = (1 + (excess >= np.abs(_excess(lost, total))).sum(axis=0)) / (1 + DRAWS)
    names = list(counts.columns)
    # one of two gains what the other one loses, so both are one test
    adjusted = adjust(p, "holm", names if len(names) > 2 else [kind] * len(names))
    return pd.DataFrame(
        {
            "kind": kind,
            "name": names,
            "n": total,
            "n_set_aside": lost,
            "share": lost / total,
            "p": p,
            "p_adjusted": adjusted,
        }
    )


def conditions(fields: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return what each condition of the quality table loses of its fields (see `by_kind`)."""
    counts = pd.get_dummies(fields["condition"], dtype=int)
    return by_kind("condition", counts, fields["verdict"] != OK, seed)


def classes(labels: pd.DataFrame, fields: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return what each class loses of its annotated cells (see `by_kind`).

    `labels` has `field` and `label` of every annotated cell; `fields` is the quality table.
    """
    counts = pd.crosstab(labels["field"], labels["label"])
    verdicts = fields.set_index("field")["verdict"].reindex(counts.index)
    return by_kind("class", counts, verdicts != OK, seed)


def warn(compared: pd.DataFrame, unit: str, path: str) -> None:
    """Warn of conditions or classes that lose everything, or an unequal share (see `by_kind`).

    `unit` is fields or cells, `path` the table that the sentence refers to.
    """
    if compared.empty:
        return
    kind = compared["kind"].iloc[0]
    gone = compared[compared["share"] == 1]
    if len(gone):
        notices.warn(
            f"Quality control leaves nothing of {len(gone)} of {len(compared)} {_plural(kind)} "
            f"({_listed(gone, unit)}), so nothing can be said about them; see {path}."
        )
    unequal = compared[(compared["p_adjusted"] < LEVEL) & (compared["share"] < 1)]
    if len(unequal):
        share = compared["n_set_aside"].sum() / compared["n"].sum()
        notices.warn(
            f"Quality control sets aside an unequal share of {len(unequal)} of {len(compared)} "
            f"{_plural(kind)} ({_listed(unequal, unit)}; of all {share:.0%}), which biases what is "
            f"left; look at these fields, and see {path}."
        )


def warn_of_limits(numbers: Mapping[str, int], fields: int) -> None:
    """Warn of limits, keys of `quality`, that set aside more than a fifth of the fields."""
    for key, number in numbers.items():
        if number > MANY * fields:
            notices.warn(
                f"quality.{key} alone sets aside {number} of {fields} fields, more than a fifth: "
                "look at some of them, and change this limit if they are good."
            )


def warn_of_fields(fields: pd.DataFrame, path: str) -> None:
    """Warn of fields that are set aside and of unusual fields that are used."""
    for column, chosen, what in (
        ("verdict", fields["verdict"] != OK, "sets aside {} of {} fields"),
        ("remark", (fields["verdict"] == OK) & (fields["remark"] != ""), USED),
    ):
        found = fields[chosen]
        if len(found):
            first = f"{found['field'].iloc[0]} ({found[column].iloc[0].rstrip('.')})"
            notices.warn(
                f"Quality control {what.format(len(found), len(fields))}, such as {first}; read "
                f"the column {column} of {path}."
            )


def _excess(lost: Numbers, total: Numbers) -> Numbers:
    """Return how far losses exceed equal shares, times the total: an integer."""
    return lost * total.sum() - lost.sum(axis=-1, keepdims=True) * total


def _plural(kind: str) -> str:
    return {"class": "classes"}.get(kind, f"{kind}s")


def _listed(rows: pd.DataFrame, unit: str) -> str:
    worst = rows.sort_values("share", ascending=False, kind="stable").head(SHOWN)
    texts = [
        f"{name}: {lost} of {n} {unit}"
        for name, lost, n in worst[["name", "n_set_aside", "n"]].itertuples(index=False, name=None)
    ]
    return ", ".join(texts) + (", ..." if len(rows) > SHOWN else "")
