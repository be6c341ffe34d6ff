"""Labels from a stain: two normal distributions, their bounds, and whether they are two."""

import logging

import numpy as np
import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.labels import mixture
from cellpheno.labels.mixture import Mixture
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.labels import LABELLED, MIXTURE

SETTINGS = {
    "channel": "propidium_iodide",
    "low_class": "live",
    "high_class": "dead",
    "rule": "band",
    "unseparated": "warn",
}
# the mixture that the paper prints (L11), here of equal weights
PUBLISHED = Mixture(
    np.array([224.51, 550.44]),
    np.array([34.46, 153.55]),
    np.array([0.5, 0.5]),
    bic=(200.0, 100.0),
    n=1000,
    log=False,
)


def two_heaps(rng, n=400, means=(200, 500), sds=(20, 60)):
    return np.concatenate([rng.normal(m, s, n) for m, s in zip(means, sds, strict=True)])


def measured(values, fields=None):
    n = len(values)
    frame = pd.DataFrame({"field": fields or [f"f{i}" for i in range(n)]})
    frame[BOX_COLUMNS] = [[0.0, 0.0, 4.0, 4.0]] * n
    return frame.assign(mean=values, background=0.0, value=values, n_pixels=16)


def test_the_published_mixture_has_the_published_bounds():
    # 224.51 + 34.46 and 550.44 - 153.55 (L12)
    assert PUBLISHED.bounds == pytest.approx([258.97, 396.89])
    # sqrt 2 x 325.93 / sqrt(34.46² + 153.55²)
    assert PUBLISHED.distance == pytest.approx(2.929, abs=0.001)
    assert PUBLISHED.separates


def test_the_middle_between_the_bounds_is_discarded():
    values = np.array([100.0, 258.9, 259.0, 300.0, 396.8, 396.9, 900.0])
    dim, bright = PUBLISHED.divide(values, "band")
    assert dim.tolist() == [True, True, False, False, False, False, False]
    assert bright.tolist() == [False, False, False, False, False, True, True]


def test_the_likelier_class_leaves_nobody_out_and_rises_with_brightness():
    values = np.linspace(1, 1500, 300)
    dim, bright = PUBLISHED.divide(values, "likelier")
    assert (dim ^ bright).all()
    # the wide component alone would be the likelier one of the dimmest values, too
    assert (np.diff(bright.astype(int)) >= 0).all()
    assert not bright[0]
    assert bright[-1]


def test_the_probability_where_both_densities_are_equal_is_a_half():
    even = Mixture(np.array([0.0, 10.0]), np.array([2.0, 2.0]), np.full(2, 0.5), (2, 1), 9, False)
    assert even.bright(np.array([5.0])) == pytest.approx([0.5])
    # log odds of equal sds: distance x (value - middle) / variance = 10 x 1 / 4
    assert even.bright(np.array([6.0])) == pytest.approx([1 / (1 + np.exp(-2.5))])


def test_a_fit_finds_two_heaps_whatever_their_order():
    values = two_heaps(np.random.default_rng(3))
    for given in (values, values[::-1]):
        found = mixture.fit(given, log=False, seed=0)
        assert found.means == pytest.approx([200, 500], abs=8)
        assert found.sds == pytest.approx([20, 60], abs=6)
        assert found.separates


def test_a_fit_of_logarithms_is_told_in_counts():
    values = np.exp(two_heaps(np.random.default_rng(4), means=(4.7, 6.0), sds=(0.05, 0.3)))
    found = mixture.fit(values, log=True, seed=0)
    assert found.counts(found.means) == pytest.approx([110, 403], rel=0.05)
    dim, bright = found.divide(np.array([100.0, 420.0]), "likelier")
    assert dim.tolist() == [True, False]
    assert bright.tolist() == [False, True]


def test_the_logarithm_of_a_corrected_background_is_refused_in_words():
    with pytest.raises(StudyError, match=r"darkest candidate has -3 counts.*labels\.background"):
        mixture.fit(np.arange(-3.0, 40.0), log=True, seed=0)


def test_one_heap_does_not_separate_and_is_warned_of(caplog):
    values = np.random.default_rng(5).normal(300, 30, 800)
    found = mixture.fit(values, log=False, seed=0)
    assert not found.separates
    with caplog.at_level(logging.WARNING):
        mixture.judge(found, {**SETTINGS, "rule": "likelier"})
    assert "propidium_iodide hardly divides into two classes" in caplog.text


def test_one_heap_is_refused_where_the_config_says_so():
    found = mixture.fit(np.random.default_rng(5).normal(300, 30, 800), log=False, seed=0)
    settings = {**SETTINGS, "rule": "likelier", "unseparated": "refuse"}
    with pytest.raises(StudyError, match=r"Ashman's D is .* labels\.unseparated is refuse"):
        mixture.judge(found, settings)


def test_bounds_that_cross_are_always_refused_because_a_patch_would_be_both():
    crossed = Mixture(np.array([1.0, 2.0]), np.array([1.0, 1.0]), np.full(2, 0.5), (1, 2), 9, False)
    with pytest.raises(StudyError, match=r"dim would be below 2 counts and bright above 1"):
        mixture.judge(crossed, SETTINGS)


def test_two_heaps_pass_without_a_word(caplog):
    mixture.judge(PUBLISHED, {**SETTINGS, "unseparated": "refuse"})
    assert not caplog.records


def test_too_few_brightnesses_are_refused():
    with pytest.raises(StudyError, match=r"9 different brightnesses"):
        mixture.fit(np.arange(9.0).repeat(100), log=False, seed=0)


def test_the_mixture_of_one_data_set_labels_both():
    rng = np.random.default_rng(6)
    values = np.concatenate([two_heaps(rng), [205.0, 900.0]])
    fields = ["a"] * 800 + ["b"] * 2
    quality = pd.DataFrame({"field": ["a", "b"], "condition": ["no treatment", "treated"]})
    table = measured(values, fields)
    fitted = mixture.chosen(table, quality, {"condition": ["no treatment"]})
    assert fitted.sum() == 800
    found = mixture.fit(values[fitted], log=False, seed=0)
    labelled = mixture.apply(table, fitted, found, SETTINGS)
    assert labelled["label"].iloc[-2:].tolist() == ["live", "dead"]
    assert not labelled["fitted"].iloc[-2:].any()


def test_a_fit_on_fields_that_were_all_set_aside_is_refused():
    quality = pd.DataFrame({"field": ["a", "b"], "condition": ["x", "y"]})
    with pytest.raises(StudyError, match=r"leaves no candidate to fit the mixture on"):
        mixture.chosen(measured(np.ones(1), ["a"]), quality, {"condition": ["y"]})


def test_the_table_counts_what_became_of_the_measured(tmp_path):
    table = measured(np.array([100.0, 300.0, 500.0, 600.0]))
    labelled = mixture.apply(table, np.ones(4, bool), PUBLISHED, SETTINGS)
    storage.write(labelled, tmp_path / "labels.parquet", LABELLED)
    frame = mixture.table(PUBLISHED, labelled, SETTINGS)
    storage.write(frame, tmp_path / "mixture.tsv", MIXTURE)
    value = frame.set_index(["class", "metric"])["value"]
    assert value["live", "n_labelled"] == 1
    assert value["dead", "n_labelled"] == 2
    assert value["all", "n_discarded"] == 1
    assert value["dead", "bound_counts"] == pytest.approx(396.89)
    assert value["all", "separates"] == 1


def test_only_labelled_patches_become_annotations_and_say_who_drew_them(tmp_path):
    table = measured(np.array([600.0, 300.0, 100.0]), ["b", "b", "a"])
    labelled = mixture.apply(table, np.ones(3, bool), PUBLISHED, SETTINGS)
    boxes = mixture.as_annotations(labelled, "propidium_iodide")
    storage.write(boxes, tmp_path / "boxes.parquet", BOXES)
    assert boxes[["field", "label"]].to_numpy().tolist() == [["a", "live"], ["b", "dead"]]
    assert set(boxes["annotator"]) == {"propidium_iodide"}


def test_agreement_is_counted_among_objects_that_have_a_label():
    table = measured(np.array([600.0, 300.0, 100.0, 90.0]))
    labelled = mixture.apply(table, np.ones(4, bool), PUBLISHED, SETTINGS)
    drawn = table[["field", *BOX_COLUMNS]].assign(label=["dead", "dead", "live", "dead"])
    frame = mixture.with_agreement(mixture.table(PUBLISHED, labelled, SETTINGS), labelled, drawn)
    assert frame["metric"].iloc[-1] == "agreement_with_annotation"
    assert frame["value"].iloc[-1] == pytest.approx(2 / 3)
