"""Comparisons are counted, and p values corrected for their number."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from cellpheno.measuring import multiple_testing


def test_holm_is_worked_out_as_by_hand_and_missing_p_do_not_count():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    holm = multiple_testing.adjust(p, "holm", "abcd")
    assert holm == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
    assert multiple_testing.adjust(p, "bonferroni", "abcd")[0] == pytest.approx(0.03)
    assert multiple_testing.adjust(p, "fdr_bh", "abcd")[3] == pytest.approx(0.04)
    assert multiple_testing.adjust(p, "none", "abcd")[2] == 0.04
    assert np.isnan(multiple_testing.adjust(np.array([np.nan]), "holm", "a")).all()


@pytest.mark.parametrize("correction", ["holm", "bonferroni", "fdr_bh"])
def test_corrections_are_those_of_statsmodels(correction):
    p = np.random.default_rng(0).uniform(size=20) ** 3
    expected = multipletests(p, method=correction)[1]
    assert multiple_testing.adjust(p, correction, range(20)) == pytest.approx(expected)


def test_a_question_that_is_asked_twice_counts_once():
    p = np.array([0.01, 0.04, 0.01])
    assert multiple_testing.adjust(p, "holm", "aba") == pytest.approx([0.02, 0.04, 0.02])


def test_a_group_asks_the_same_as_the_cells_that_it_leaves():
    asked = multiple_testing.questions(
        {"none": ["none"], "one": ["one"], "two": ["two"], "any": ["one", "two"]}
    )
    assert asked["any"] == asked["none"]
    assert len({asked[name] for name in ("none", "one", "two")}) == 3


def test_a_group_of_one_class_asks_the_same_as_the_class():
    asked = multiple_testing.questions(
        {"none": ["none"], "one": ["one"], "two": ["two"], "any": ["one"]}
    )
    assert asked["any"] == asked["one"]
    assert asked["any"] != asked["none"]


def test_of_two_classes_one_is_what_the_other_leaves():
    asked = multiple_testing.questions({"living": ["living"], "dead": ["dead"]})
    assert asked["living"] == asked["dead"]
