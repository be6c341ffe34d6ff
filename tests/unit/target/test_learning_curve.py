"""The gain from more cells: the fitted curve, and its conclusion in words."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.study.members import Member
from cellpheno.target import learning_curve
from cellpheno.target.learning_curve import Curve

SIZES = np.array([50, 100, 200, 500, 1000])
PLANTED = Curve(0.95, 1.5, 0.4)


def points(curve=PLANTED, noise=0.0, seeds=3, sizes=SIZES):
    random = np.random.default_rng(0)
    rows = [
        ("bf", size / sizes.max(), str(seed), size, "auroc", curve.at(size) + error)
        for seed in range(seeds)
        for size, error in zip(sizes, random.normal(0, noise, len(sizes)), strict=True)
    ]
    columns = ["base", "share", "seed", "n_cells", "metric", "value"]
    return pd.DataFrame(rows, columns=columns)


def fitted(**changed):
    return learning_curve.fits(points(**changed), seed=0).iloc[0]


def test_the_cells_are_those_that_the_training_learned_from():
    members = [Member("bf", "0.5", "bf.share-0.5"), Member("bf", "1", "bf")]
    classifiers = pd.DataFrame(
        {"experiment": ["bf", "bf", "bf.share-0.5"], "seed": [0, 1, 0], "n_cells": [93, 95, 40]}
    )
    rows = [
        (name, convention, "auroc", seed, 0.9)
        for name, seed in (("bf", "0"), ("bf", "1"), ("bf.share-0.5", "0"))
        for convention in ("published", "sound")
    ]
    metrics = pd.DataFrame(rows, columns=["experiment", "convention", "metric", "seed", "value"])
    for reported in (metrics, metrics[metrics["convention"] == "published"]):
        found = learning_curve.points(reported, members, classifiers)
        areas = found[found["metric"] == "auroc"]
        assert areas[["share", "seed", "n_cells", "value"]].to_numpy().tolist() == [
            [0.5, "0", 40, 0.9],
            [1.0, "0", 93, 0.9],
            [1.0, "1", 95, 0.9],
        ]


def test_a_planted_curve_is_found():
    row = fitted()
    assert row[["ceiling", "factor", "exponent"]].tolist() == pytest.approx([0.95, 1.5, 0.4], 0.02)
    assert row["value"] == pytest.approx(PLANTED.at(1000), abs=1e-3)


def test_the_cells_for_one_more_point_are_those_of_the_planted_curve():
    # 0.95 - 1.5 n^-0.4 gains 0.01 over its value at 1000 cells where 1.5 n^-0.4 = 0.0846
    more = (0.0846397 / 1.5) ** (-1 / 0.4) - 1000
    assert PLANTED.more_cells(1000) == pytest.approx(more, rel=1e-3)
    row = fitted()
    assert row["more_cells"] == pytest.approx(more, rel=0.05)
    assert f"{more:.0f}"[:1] in row["sentence"]
    assert "one more point" in row["sentence"]


def test_noise_widens_the_interval_and_the_sentence_says_so():
    row = fitted(noise=0.004, seeds=5)
    assert row["more_low"] < row["more_cells"]
    assert "redrawn seeds" in row["sentence"]


def test_a_curve_at_its_ceiling_promises_nothing():
    row = fitted(curve=Curve(0.99, 0.5, 1.0))
    assert np.isnan(row["more_cells"])
    assert "no number of further cells" in row["sentence"]


def test_what_lies_far_beyond_the_cells_is_called_an_order_of_magnitude():
    said = Curve(0.9, 0.2, 0.1)  # 1866 more cells than 1000
    assert said.more_cells(1000) == pytest.approx(1866, rel=0.02)
    words = learning_curve.say(said, "AUROC", 1000, said.more_cells(1000), np.nan, np.nan)
    assert "order of magnitude" in words
    assert "one seed" in words


def test_too_few_sizes_are_not_fitted():
    row = fitted(sizes=np.array([100, 1000]))
    assert np.isnan(row["ceiling"])
    assert "too few sizes" in row["sentence"]


def test_where_redrawn_seeds_reach_no_end_the_sentence_is_careful():
    words = learning_curve.say(PLANTED, "AUROC", 1000, 180, 90, np.inf)
    assert "with care" in words
    words = learning_curve.say(Curve(0.9, 0.1, 1.0), "AUROC", 1000, np.inf, 500, np.inf)
    assert "cannot say" in words
