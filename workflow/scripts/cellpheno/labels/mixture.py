"""Divide candidates by brightness with a mixture of two normal distributions (L11, L12)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from sklearn.mixture import GaussianMixture

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.core.randomness import derive
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MIN_DISTANCE = 2.0
"""Ashman's D above which two components are separate (Ashman, Bird and Zepf 1994)."""
MIN_VALUES = 10
"""Fewer candidates cannot show two components."""


@dataclasses.dataclass(frozen=True)
class Mixture:
    """Two normal distributions, the dim one first.

    `means`, `sds` and `weights` [2] are on the scale of the fit, which is the natural logarithm of
    counts if `log`. `bic` is the Bayesian information criterion of one and of two components; the
    lower fits better. `n` values were fitted.
    """

    means: Array
    sds: Array
    weights: Array
    bic: tuple[float, float]
    n: int
    log: bool

    @property
    def bounds(self) -> Array:
        """Mean + sd of the dim and mean - sd of the bright component (L12)."""
        return self.means + self.sds * [1, -1]

    @property
    def distance(self) -> float:
        """Ashman's D: the distance of the means over the root mean square of the sds."""
        return float(np.sqrt(2) * np.diff(self.means)[0] / np.hypot(*self.sds))

    @property
    def separates(self) -> bool:
        """Whether two components fit better than one and are separate."""
        return self.bic[1] < self.bic[0] and self.distance > MIN_DISTANCE

    def scaled(self, values: Array) -> Array:
        """Return counts on the scale of the fit."""
        return logarithm(values) if self.log else values

    def counts(self, values: Array) -> Array:
        """Return values on the scale of the fit as counts."""
        return np.exp(values) if self.log else values

    def bright(self, values: Array) -> Array:
        """Return the probability [n] of the bright component for some counts.

        Beyond the components' means it is 0 or 1, because the wider component would otherwise be
        the likelier one for the dimmest values too.
        """
        scaled = self.scaled(values)
        density = stats.norm.logpdf(scaled[:, None], self.means, self.sds) + np.log(self.weights)
        probability = np.exp(density[:, 1] - np.logaddexp(*density.T))
        probability[scaled <= self.means[0]] = 0.0
        probability[scaled >= self.means[1]] = 1.0
        return probability

    def divide(self, values: Array, rule: str) -> tuple[Mask, Mask]:
        """Return which of some counts [n] are dim and which are bright.

        By the rule `band` they lie beyond `bounds`, and those between are neither; by `likelier`
        each is one of the two.
        """
        if rule == "likelier":
            bright = self.bright(values) > 0.5
            return ~bright, bright
        scaled, (low, high) = self.scaled(values), self.bounds
        return scaled < low, scaled > high


def logarithm(values: Array) -> Array:
    """Return the natural logarithm of counts; raise StudyError unless all are positive."""
    if len(values) and values.min() <= 0:
        raise StudyError(
            f"labels.scale is log, but the darkest candidate has {values.min():g} counts, which "
            "has no logarithm; set labels.background to none, or labels.scale to counts."
        )
    return np.log(values)


def fit(values: Array, log: bool, seed: int) -> Mixture:
    """Fit a mixture of two normal distributions to counts [n], or to their logarithms.

    It takes the best of ten starts. Raises StudyError when too few values differ.
    """
    if len(np.unique(values)) < MIN_VALUES:
        raise StudyError(
            f"The mixture of labels has only {len(np.unique(values))} different brightnesses to "
            f"fit, but needs at least {MIN_VALUES}; check labels.fit_on and the fields that were "
            "set aside in qc/fields.tsv."
        )
    column = (logarithm(values) if log else values)[:, None]
    state = derive(seed, "mixture") % 2**32
    models = [
        GaussianMixture(number, n_init=10 if number > 1 else 1, random_state=state).fit(column)
        for number in (1, 2)
    ]
    order = np.argsort(models[1].means_.ravel())
    return Mixture(
        models[1].means_.ravel()[order],
        np.sqrt(models[1].covariances_.ravel()[order]),
        models[1].weights_[order],
        (float(models[0].bic(column)), float(models[1].bic(column))),
        len(values),
        log,
    )


def judge(mixture: Mixture, settings: Mapping[str, Any]) -> None:
    """Warn of a mixture whose classes overlap.

    Raises
    ------
    StudyError
        When `labels.unseparated` is `refuse`, or the bounds of the band cross, so that a candidate
        would be both.
    """
    low, high = mixture.counts(mixture.bounds)
    if settings["rule"] == "band" and low >= high:
        raise StudyError(
            f"The {settings['channel']} does not divide into two classes: dim would be below "
            f"{low:.4g} counts and bright above {high:.4g}, which overlap. Fit on fields that have "
            "both classes (labels.fit_on), or set labels.rule to likelier."
        )
    if mixture.separates:
        return
    fits = "fit no better than one" if mixture.bic[1] >= mixture.bic[0] else "fit better than one"
    problem = (
        f"The {settings['channel']} hardly divides into two classes: two components {fits} "
        f"(BIC {mixture.bic[1]:.0f} and {mixture.bic[0]:.0f}), and Ashman's D is "
        f"{mixture.distance:.2f}, but should exceed {MIN_DISTANCE:g}"
    )
    if settings["unseparated"] == "refuse":
        raise StudyError(
            f"{problem}; labels.unseparated is refuse. Look at labels/patches.parquet, fit on "
            "fields that have both classes (labels.fit_on), or try labels.scale: log."
        )
    notices.warn(f"{problem}; look at the histogram of labels/patches.parquet before using them.")


def apply(
    measured: pd.DataFrame, fitted: Mask, mixture: Mixture, settings: Mapping[str, Any]
) -> pd.DataFrame:
    """Give each measured candidate its class, or none; return tables.LABELLED.

    `measured` is tables.FLUORESCENCE; `fitted` [n] marks the candidates that the mixture was fitted
    on; `settings` is the config's section `labels`.
    """
    values = measured["value"].to_numpy(np.float64)
    dim, bright = mixture.divide(values, settings["rule"])
    label = np.full(len(values), None, dtype=object)
    label[dim], label[bright] = settings["low_class"], settings["high_class"]
    return measured.assign(
        p_high=mixture.bright(values),
        fitted=fitted,
        label=pd.Series(label, index=measured.index, dtype="str"),
    )


def chosen(
    measured: pd.DataFrame, quality: pd.DataFrame, fit_on: Mapping[str, Sequence[str]]
) -> Mask:
    """Return which candidates [n] lie in the fields that the mixture is fitted on.

    `fit_on` gives allowed values of columns of the sample sheet; all fields count if it is empty.
    Raises StudyError when no candidate is left.
    """
    fields = quality
    for column, values in fit_on.items():
        fields = fields[fields[column].isin(values)]
    inside = measured["field"].isin(fields["field"]).to_numpy()
    if not inside.any():
        raise StudyError(
            f"labels.fit_on ({dict(fit_on)}) leaves no candidate to fit the mixture on; all of its "
            "fields may have been set aside (qc/fields.tsv)."
        )
    return inside


def table(mixture: Mixture, labelled: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Return the mixture's parameters and the numbers of labels: tables.MIXTURE."""
    rows: list[tuple[str, str, float]] = []
    bounds = mixture.bounds
    for number, key in enumerate(("low_class", "high_class")):
        name = settings[key]
        rows += [
            (name, "mean", mixture.means[number]),
            (name, "sd", mixture.sds[number]),
            (name, "weight", mixture.weights[number]),
            (name, "bound", bounds[number]),
            (name, "mean_counts", mixture.counts(mixture.means)[number]),
            (name, "bound_counts", mixture.counts(bounds)[number]),
            (name, "n_labelled", (labelled["label"] == name).sum()),
        ]
    rows += [
        ("all", "n_fitted", mixture.n),
        ("all", "n_measured", len(labelled)),
        ("all", "n_discarded", labelled["label"].isna().sum()),
        ("all", "bic_one", mixture.bic[0]),
        ("all", "bic_two", mixture.bic[1]),
        ("all", "ashman_d", mixture.distance),
        ("all", "separates", mixture.separates),
    ]
    frame = pd.DataFrame(rows, columns=["class", "metric", "value"])
    return frame.astype({"value": float})


def with_agreement(
    frame: pd.DataFrame, labelled: pd.DataFrame, drawn: pd.DataFrame
) -> pd.DataFrame:
    """Add to tables.MIXTURE how often brightness and annotation give an object the same class."""
    known = labelled.dropna(subset="label")
    both = known.merge(drawn, on=["field", *BOX_COLUMNS], suffixes=("", "_drawn"))
    share = (both["label"] == both["label_drawn"]).mean() if len(both) else np.nan
    rows = pd.DataFrame(
        {"class": "all", "metric": "agreement_with_annotation", "value": [float(share)]}
    )
    return pd.concat([frame, rows], ignore_index=True)


def as_annotations(labelled: pd.DataFrame, channel: str) -> pd.DataFrame:
    """Return the labelled candidates as tables.BOXES, with the stain as annotator."""
    boxes = labelled.dropna(subset="label")[["field", *BOX_COLUMNS, "label"]]
    order = ["field", "y_min", "x_min", "y_max", "x_max"]
    boxes = boxes.sort_values(order, kind="stable", ignore_index=True)
    return boxes.assign(annotator=channel)
