"""What quality control sets aside, by condition and class: unequal losses bias what is left."""

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
"""Corrected p value below which a loss is called unequal."""
MANY = 0.2
"""Share of the fields that one limit may set aside before it is rather the limit that is wrong."""
SHOWN = 5
"""Conditions or classes that a warning names."""
USED = "uses {} of {} fields although something is unusual"


def by_kind(kind: str, counts: pd.DataFrame, aside: pd.Series, seed: int) -> pd.DataFrame:
    """Compare what conditions or classes lose with the fields that are set aside.

    If the loss were equal, the fields that are set aside would be any of the fields. So as many
    are drawn at random again and again: whole fields, because the cells of a field are lost
    together. For conditions this is Fisher's exact test, by simulation.

    Parameters
    ----------
    kind
        What is compared: `condition` or `class`.
    counts
        [fields, names]: how much each field holds of each condition or class.
    aside
        [fields]: whether the field is set aside.
    seed
        Of the draws.

    Returns
    -------
    DataFrame
        The table `tables.SET_ASIDE`; p values are two-sided, corrected after Holm.
    """
    held = counts.to_numpy(np.int64)
    each, alike = np.unique(held, axis=0, return_inverse=True)
    total, lost = held.sum(axis=0), held[aside.to_numpy()].sum(axis=0)
    # of fields that hold the same only the number matters
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(
        np.bincount(alike.ravel()), int(aside.sum()), size=DRAWS, method="marginals"
    )
    excess = np.abs(_excess(drawn @ each, total))
    p = (1 + (excess >= np.abs(_excess(lost, total))).sum(axis=0)) / (1 + DRAWS)
    names = list(counts.columns)
    # what one of two loses too much the other one loses too little
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
    """Return what each condition of the quality table loses of its fields, as `by_kind`."""
    counts = pd.get_dummies(fields["condition"], dtype=int)
    return by_kind("condition", counts, fields["verdict"] != OK, seed)


def classes(labels: pd.DataFrame, fields: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return what each class loses of its annotated cells, as `by_kind`.

    Parameters
    ----------
    labels
        `field` and `label` of every annotated cell.
    fields
        The quality table.
    seed
        Of the draws.
    """
    counts = pd.crosstab(labels["field"], labels["label"])
    verdicts = fields.set_index("field")["verdict"].reindex(counts.index)
    return by_kind("class", counts, verdicts != OK, seed)


def warn(compared: pd.DataFrame, unit: str, path: str) -> None:
    """Warn of conditions or classes that lose all, or more or less than the others.

    Parameters
    ----------
    compared
        Of `by_kind`.
    unit
        What is counted: `fields` or `cells`.
    path
        Of the table, for the sentence.
    """
    if compared.empty:
        return
    kind = compared["kind"].iloc[0]
    gone = compared[compared["share"] == 1]
    if len(gone):
        notices.warn(
            f"Quality control leaves nothing of {len(gone)} of {len(compared)} {_plural(kind)} "
            f"({_listed(gone, unit)}); nothing can be said of them, see {path}."
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
    """Warn of limits that set aside more than a fifth of the fields.

    Parameters
    ----------
    numbers
        Key of the config's section `quality`: number of fields that it sets aside.
    fields
        Number of all fields.
    """
    for key, number in numbers.items():
        if number > MANY * fields:
            notices.warn(
                f"quality.{key} alone sets aside {number} of {fields} fields, more than a fifth: "
                "look at some of them, and change this limit if they are sound."
            )


def warn_of_fields(fields: pd.DataFrame, path: str) -> None:
    """Warn of fields that are set aside and of those that are used though something is unusual."""
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
    """Return how far what is lost exceeds an equal share, times the number of all: an integer."""
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
