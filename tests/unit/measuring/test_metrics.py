"""Weighted metrics are those of the repeated cells."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from cellpheno.measuring.metrics import auc, kappa, mean_of_known, share


def test_a_weighted_auc_is_that_of_the_repeated_cells():
    random = np.random.default_rng(1)
    positive, score = random.random(40) < 0.4, random.integers(0, 9, 40) / 10
    weights = random.integers(0, 4, (5, 40)).astype(float)
    for row, found in zip(weights, auc(positive, score, weights), strict=True):
        repeated = np.repeat(np.arange(40), row.astype(int))
        expected = sklearn_metrics.roc_auc_score(positive[repeated], score[repeated])
        assert found == pytest.approx(expected)


def test_kappa_is_that_of_scikit_learn_and_missing_with_a_single_class():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 3, (2, 50))
    alone = np.diag([4, 0, 0])
    found = kappa(np.stack([sklearn_metrics.confusion_matrix(first, second), alone]).astype(float))
    expected = sklearn_metrics.cohen_kappa_score(first, second)
    assert found == pytest.approx([expected, np.nan], nan_ok=True)


def test_a_share_of_nothing_is_undefined_and_no_part_of_a_mean():
    shares = share(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    assert shares == pytest.approx([0.5, np.nan], nan_ok=True)
    assert mean_of_known([shares, np.ones(2)]).tolist() == [0.75, 1.0]
