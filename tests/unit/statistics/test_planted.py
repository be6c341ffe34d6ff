"""Planted values are compared with those measured in the same fields."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.statistics import planted as compared


def test_planted_and_simulated_viability_are_compared_with_the_measured_one():
    fields = pd.DataFrame(
        [("a", "none", "3"), ("b", "none", "4"), ("c", "none", "4")],
        columns=["field", "condition", "time"],
    )
    truth = pd.DataFrame(
        {
            "field": ["a"] * 4 + ["b"] * 2 + ["elsewhere"] * 9,
            "label": ["live"] * 3 + ["dead"] + ["live", "dead"] + ["dead"] * 9,
        }
    )
    measured = pd.DataFrame(
        [
            ("condition", "none", "3", 0.7, 0.5, 0.9),
            ("condition", "none", "4", 0.9, 0.8, 0.95),
            ("condition", "none", "all", 0.6, 0.5, 0.7),
            ("field", "none", "3", 0.7, 0.5, 0.9),
        ],
        columns=["level", "condition", "time", "viability", "ci_low", "ci_high"],
    ).assign(source="bright-field", n=9, n_units=3)
    planted = {"none": {"3": 0.8, "4": 0.4}}
    table = compared.of_viability(measured, planted, truth, fields, "live")
    assert table["planted"].tolist() == pytest.approx([0.8, 0.4, (0.8 + 0.4 + 0.4) / 3])
    assert table["simulated"].tolist() == pytest.approx([0.75, 0.5, 4 / 6])
    assert table["recovered"].tolist() == [True, False, True]


CHANCES = {"a": {"cic": 0.2, "cap": 0.1, "unclear": 0.5}}


def counted(n_class, n_cells, name="cic", condition="a"):
    """Return a frequencies table: one field for each replicate."""
    return pd.DataFrame(
        {
            "field": [f"f{number}" for number in range(len(n_class))],
            "condition": condition,
            "replicate": [f"r{number}" for number in range(len(n_class))],
            "class": name,
            "n_cells": n_cells,
            "n_class": n_class,
        }
    )


def cells(**labels):
    """Return a truth table from the classes of the cells of each field."""
    rows = [(field, label) for field, own in labels.items() for label in own]
    return pd.DataFrame(rows, columns=["field", "label"])


def frequencies_of(frequencies, truth, excluded=("unclear",), groups=None):
    classes, groups = ["non", "cic", "cap", "unclear"], groups or {"both": ["cic", "cap"]}
    return compared.of_frequencies(
        frequencies, CHANCES, truth, classes, groups, excluded, "non"
    ).set_index(["condition", "class"])


def test_a_called_frequency_is_compared_with_that_of_the_same_fields_without_excluded_classes():
    truth = cells(
        f0=["cic", "non", "unclear", "non"],
        f1=["cic", "cap", "non", "non", "unclear"],
        elsewhere=["cic"] * 9,
    )
    row = frequencies_of(counted([2, 2], [4, 5]), truth).loc["a", "cic"]
    assert row["planted"] == pytest.approx(0.2 / 0.5)
    assert row["simulated"] == pytest.approx(2 / 7)
    assert row["called"] == pytest.approx(4 / 9)
    assert row["ratio"] == pytest.approx((4 / 9) / (2 / 7))
    assert row["n_units"] == 2


def test_a_group_and_the_negative_class_are_planted_as_their_members_are():
    truth = cells(f0=["cic", "cap", "non", "non"], f1=["non"])
    both = pd.concat([counted([2, 0], [4, 1], "both"), counted([2, 1], [4, 1], "non")])
    table = frequencies_of(both, truth)
    assert table["planted"].tolist() == pytest.approx([0.3 / 0.5, 0.2 / 0.5])
    assert table["simulated"].tolist() == pytest.approx([2 / 5, 3 / 5])
    assert table["ratio"].tolist() == pytest.approx([1, 1])


def test_replicates_that_differ_do_not_hide_that_all_are_called_too_often():
    rare, often = ["cic"] * 2 + ["non"] * 98, ["cic"] * 20 + ["non"] * 80
    row = frequencies_of(counted([4, 40], [100, 100]), cells(f0=rare, f1=often)).loc["a", "cic"]
    assert row[["ratio", "ci_low", "ci_high"]].tolist() == pytest.approx([2, 2, 2])


@pytest.mark.parametrize(
    ("n_class", "n_cells", "labels", "known"),
    [
        ([0, 0], [9, 9], ["cic", "non"], [True, True, True, False]),
        ([1, 1], [9, 9], ["non"], [True, True, False, False]),
        ([0, 0], [0, 0], ["cic", "non"], [True, False, False, False]),
        ([1], [9], ["cic", "non"], [True, True, True, False]),
        ([1, 2], [9, 9], [], [False, True, False, False]),
    ],
    ids=["never called", "never simulated", "nothing called", "one replicate", "empty fields"],
)
def test_what_cannot_be_known_of_a_frequency_is_missing(n_class, n_cells, labels, known):
    truth = cells(**{f"f{number}": labels for number in range(len(n_class))})
    row = frequencies_of(counted(n_class, n_cells), truth).loc["a", "cic"]
    assert row[["simulated", "called", "ratio", "ci_low"]].notna().tolist() == known


def test_the_interval_of_the_ratio_covers_it_about_as_often_as_it_says():
    random, covered = np.random.default_rng(0), []
    for _ in range(400):
        n = random.poisson(200, 5)
        true = random.binomial(n, random.normal(0.2, 0.03, 5).clip(0.05))
        found = random.binomial(true, 0.8) + random.binomial(n - true, 0.05)
        _, low, high = compared.ratio_over_units(np.column_stack([found, n, true, n]) * 1.0)
        covered.append(low <= (0.2 * 0.8 + 0.8 * 0.05) / 0.2 <= high)
    assert 0.91 <= np.mean(covered) <= 0.98
