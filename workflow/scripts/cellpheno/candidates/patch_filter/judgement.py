"""Train and validate the filter: a support vector machine on features of patches (L9, L10)."""

import logging
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.manifold import TSNE
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM

from cellpheno.candidates.patch_filter import EMPTY, GOOD
from cellpheno.core.errors import StudyError
from cellpheno.core.randomness import derive
from cellpheno.measuring.intervals import estimates
from cellpheno.measuring.metrics import share

Array = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

OUTLIERS = 0.1
"""Share of the good patches that the one-class machine may exclude."""
SIDE = 60
"""Points along each side of the drawn decision surface."""

logger = logging.getLogger(__name__)


def train(features: Features, labels: pd.Series, kind: str) -> Pipeline:
    """Train the machine on standardised features [n, D], with a radial basis function as kernel.

    `two_class` compares good and empty patches with equal weights. For `one_class`, patches unlike
    the good ones are empty; empty examples are not used.
    """
    good = (labels == GOOD).to_numpy()
    if kind == "one_class":
        machine = make_pipeline(StandardScaler(), OneClassSVM(nu=OUTLIERS, gamma="scale"))
        return machine.fit(features[good])
    machine = make_pipeline(StandardScaler(), SVC(class_weight="balanced", gamma="scale"))
    return machine.fit(features, good)


def decide(machine: Pipeline, features: Features) -> Array:
    """Return the decision value [n] of patches: above 0 a patch is good."""
    if not len(features):
        return np.empty(0)
    return machine.decision_function(features).astype(np.float64)


def cross_validate(
    features: Features, examples: pd.DataFrame, kind: str, folds: int, seed: int
) -> pd.DataFrame:
    """Judge each example by a machine that has seen no patch of its field.

    Returns `examples` (field, label) with fold, decision and predicted. Raises StudyError when
    there are fewer fields than folds.
    """
    state = derive(seed, "patch filter") % 2**32
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=state)
    fold, decision = np.zeros(len(examples), int), np.zeros(len(examples))
    for label, part in examples.groupby("label"):
        if part["field"].nunique() < folds:
            raise StudyError(
                f"patch_filter.examples has {label} patches in {part['field'].nunique()} usable "
                f"fields, too few for patch_filter.folds: {folds}; label patches of more fields, "
                "or lower it."
            )
    groups = splitter.split(features, examples["label"], examples["field"])
    for number, (learnt, held_out) in enumerate(groups):
        machine = train(features[learnt], examples["label"].iloc[learnt], kind)
        decision[held_out] = decide(machine, features[held_out])
        fold[held_out] = number
    predicted = np.where(decision > 0, GOOD, EMPTY).astype(object)
    return examples.assign(
        fold=fold,
        decision=decision,
        predicted=pd.Series(predicted, index=examples.index, dtype="str"),
    )


def metrics(judged: pd.DataFrame, features: str, kind: str, group_of: pd.Series) -> pd.DataFrame:
    """Measure how well machines judge examples of fields that they have not seen.

    `judged` comes from `cross_validate`. Returns tables.FILTER_METRICS: precision, recall and F1 of
    the empty patches (the paper does not say which class its F1 of 0.833 belongs to) and of the
    good ones, and accuracy; intervals are over the groups of the fields, `group_of`.
    """
    measured = estimates(partial(_measured, judged), judged["field"].map(group_of))
    rows = []
    for (name, metric), found in measured.items():
        n = len(judged) if name == "all" else int((judged["label"] == name).sum())
        rows.append({"class": name, "metric": metric, **found._asdict(), "n": n})
    n_fields = judged["field"].nunique()
    return pd.DataFrame(rows).assign(features=features, kind=kind, n_fields=n_fields)


def _measured(judged: pd.DataFrame, weights: Array) -> dict[tuple[str, str], Array]:
    """Return each metric for many weightings [b, n] of the examples, NaN where undefined."""
    found: dict[tuple[str, str], Array] = {}
    for name in (EMPTY, GOOD):
        true = (judged["label"] == name).to_numpy()
        called = (judged["predicted"] == name).to_numpy()
        hits, all_true, all_called = (weights @ part for part in (true & called, true, called))
        found[name, "precision"] = share(hits, all_called)
        found[name, "recall"] = share(hits, all_true)
        found[name, "f1"] = share(2 * hits, all_true + all_called)
    right = (judged["label"] == judged["predicted"]).to_numpy()
    found["all", "accuracy"] = share(weights @ right, weights.sum(axis=1))
    return found


def embed(features: Features, seed: int) -> Array:
    """Return t-SNE coordinates [n, 2] of standardised features (L10)."""
    scaled = StandardScaler().fit_transform(features)
    # few examples do not allow the usual perplexity
    perplexity = min(30.0, (len(scaled) - 1) / 3)
    state = derive(seed, "patch filter t-SNE") % 2**32
    model = TSNE(perplexity=perplexity, init="pca", random_state=state)
    return model.fit_transform(scaled).astype(np.float64)


def surface(coordinates: Array, decision: Array) -> pd.DataFrame:
    """Return the machine's decision over the plane of the t-SNE map (L10): tables.FILTER_SURFACE.

    A regular grid, row by row from the lowest tsne_2. The machine cannot judge a point of the
    plane, only features, so each point has the mean decision of the examples around it, weighted by
    a Gaussian whose standard deviation is a twentieth of the map.
    """
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    width = max(float((high - low).max()), 1e-9) / 20
    axes = [np.linspace(a - width, b + width, SIDE) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    squared = np.square(points[:, None] - coordinates[None]).sum(axis=2) / (2 * width**2)
    # dividing by the nearest example's weight keeps the sum above 0 far from all examples
    weights = np.exp(squared.min(axis=1, keepdims=True) - squared)
    values = weights @ decision / weights.sum(axis=1)
    return pd.DataFrame({"tsne_1": points[:, 0], "tsne_2": points[:, 1], "decision": values})
