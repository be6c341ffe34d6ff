"""Variation of cells between replicates and fields: estimated from counts, and drawn again."""

import numpy as np
import pytest

from cellpheno.statistics.variance_components import Structure, draw, fit

SHARES = np.array([0.6, 0.1, 0.3])


def design(n_replicates, n_fields, n_cells=40):
    """Make the cells, replicate, condition and block of each field of two conditions."""
    replicate = np.repeat(np.arange(n_replicates), n_fields)
    half = n_replicates // 2
    return np.full(len(replicate), n_cells), replicate, replicate // half, replicate % half


def test_variances_are_those_of_an_analysis_of_variance_by_hand():
    # one condition, two replicates of two fields with 10 cells each; of the class: 1, 3, 6, 8
    counts = np.array([[1, 9], [3, 7], [6, 4], [8, 2]])
    replicate = np.array([0, 0, 1, 1])
    found = fit(counts, replicate, np.zeros(4, dtype=int), replicate)
    # mean squares, both classes together: in fields 2 (0.9 + 2.1 + 2.4 + 1.6) / 36, of fields in
    # replicates 2 (4 x 10 x 0.1^2) / 2, of replicates 2 (2 x 20 x 0.25^2) / 1
    in_fields, of_fields, of_replicates = 14 / 36, 0.4, 5.0
    fields = (of_fields - in_fields) / 10
    replicates = (of_replicates - of_fields) / 20
    total = in_fields + fields + replicates
    assert found.shares == pytest.approx([0.45, 0.55])
    assert found.replicate_correlation == pytest.approx(replicates / total)
    assert found.field_correlation == pytest.approx((replicates + fields) / total)


def test_correlations_that_are_drawn_are_found_again():
    n_cells, replicate, condition, block = design(400, 5)
    wanted = Structure(SHARES, 0.05, 0.08)
    counts = draw(wanted, n_cells, replicate, block, np.random.default_rng(0))
    found = fit(counts, replicate, condition, block)
    assert found.shares == pytest.approx(SHARES, abs=0.01)
    assert found.replicate_correlation == pytest.approx(0.05, abs=0.01)
    assert found.field_correlation == pytest.approx(0.08, abs=0.01)


def test_what_blocks_share_under_two_conditions_is_their_covariance():
    # blocks of 10 cells each; frequencies 0.1, 0.3, 0.8 under one condition, 0.2, 0.6, 0.7 under
    # the other: deviations -0.3, -0.1, 0.4 and -0.3, 0.1, 0.2
    counts = np.array([[1, 9], [3, 7], [8, 2], [7, 3], [2, 8], [6, 4]])
    condition, block = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 2, 0, 1])
    found = fit(counts, np.arange(6), condition, block)
    covariance = 2 * (0.09 - 0.01 + 0.08) / 2
    within = 2 * (0.09 + 0.21 + 0.16 + 0.21 + 0.16 + 0.24) * 10 / 54
    between = (2 * 10 * (0.26 + 0.14) / 4 - within) / 10
    assert found.replicate_correlation == pytest.approx(between / (within + between))
    assert found.block_correlation == pytest.approx(min(covariance, between) / (within + between))


def test_days_that_are_drawn_are_found_again_and_unrelated_names_share_nothing():
    n_cells, replicate, condition, block = design(800, 5)
    counts = draw(
        Structure(SHARES, 0.06, 0.08, 0.04), n_cells, replicate, block, np.random.default_rng(0)
    )
    found = fit(counts, replicate, condition, block)
    assert found.block_correlation == pytest.approx(0.04, abs=0.01)
    assert found.replicate_correlation == pytest.approx(0.06, abs=0.01)
    assert fit(counts, replicate, condition, replicate).block_correlation == 0
    shuffled = np.random.default_rng(1).permutation(400)[block]
    shuffled = np.where(condition == 0, block, shuffled)
    assert fit(counts, replicate, condition, shuffled).block_correlation < 0.01


def test_cells_that_are_independent_are_found_to_be_so():
    n_cells, replicate, condition, block = design(400, 5)
    counts = draw(Structure(SHARES, 0, 0), n_cells, replicate, block, np.random.default_rng(0))
    found = fit(counts, replicate, condition, block)
    assert found.field_correlation < 0.003


def test_a_difference_between_conditions_is_no_variance_between_replicates():
    n_cells, replicate, condition, block = design(40, 5)
    rng = np.random.default_rng(0)
    others = np.array([0.2, 0.5, 0.3])
    shares = np.where(condition[:, None] == 0, SHARES, others)
    found = fit(rng.multinomial(n_cells, shares), replicate, condition, block)
    assert found.replicate_correlation < 0.005


def test_every_field_gets_its_cells():
    n_cells, replicate, _, block = design(6, 4)
    n_cells[3] = 0
    counts = draw(Structure(SHARES, 0.1, 0.2), n_cells, replicate, block, np.random.default_rng(0))
    assert counts.sum(axis=1).tolist() == n_cells.tolist()


def test_a_class_that_was_never_seen_is_never_drawn():
    n_cells, replicate, _, block = design(6, 4)
    structure = Structure(np.array([0.7, 0.3, 0]), 0.1, 0.2)
    counts = draw(structure, n_cells, replicate, block, np.random.default_rng(0))
    assert counts[:, 2].sum() == 0


def test_one_field_per_replicate_and_fields_without_cells_can_be_fitted():
    counts = np.array([[5, 5], [0, 0], [8, 2], [1, 9], [4, 6]])
    found = fit(counts, np.arange(5), np.array([0, 0, 0, 1, 1]), np.arange(5))
    assert found.field_correlation == found.replicate_correlation > 0
    assert found.shares == pytest.approx([18 / 40, 22 / 40])
